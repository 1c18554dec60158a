#!/bin/bash
# Powers this machine off at the time for which it is scheduled.
#
# The timer runs this when the time has come. Process 1 takes TERM as the
# request to end the machine, and every other process ends with it.

kill -TERM 1

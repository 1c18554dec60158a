#!/bin/bash
# Powers this machine off.
#
# Process 1 takes TERM as the request to end the machine, and every other
# process ends with it.

kill -TERM 1

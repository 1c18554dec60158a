#!/bin/bash
# Powers this machine off after a countdown.
#
# The countdown is a program of its own, which is told when it is over.

sleep 60 &
sleep 1.5
kill -TERM "$!"
wait "$!"
kill -TERM 1

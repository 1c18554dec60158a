#!/bin/bash
# Has the watchdog shut this machine down.
#
# The watchdog ends process 1, and every other process with it, as soon as
# there is a stop file, or when the agent's heartbeat stays away.

: > /home/user/.agent/stop

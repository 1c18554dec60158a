#!/bin/bash
# Stops the agent's service.
#
# Its pid file holds the service's process id. The process is told to end with
# TERM, has a second to do so, and is ended with KILL if it is still there.

pid_file=/home/user/.agent/agent.pid

read -r pid < "$pid_file" || exit 1
kill -TERM "$pid" || exit 1

for _ in {1..10}; do
    sleep 0.1
    kill -0 "$pid" 2> /dev/null || exit 0
done
kill -KILL "$pid"

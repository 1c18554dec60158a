#!/bin/bash
# Archives the log files.
#
# They are moved to the archived ones. Nothing is written to a log there.

logs=/home/user/logs

mkdir -p "$logs/archived" || exit 1
mv "$logs/worker.log" "$logs/archived/"

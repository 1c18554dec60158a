#!/bin/bash
# Disables the agent.
#
# The supervisor reads the agent's configuration before each of its turns, and
# gives none to an agent that is not enabled.

sed -i 's/^enabled = .*/enabled = false/' /home/user/.agent/config

#!/bin/bash
# Revokes the agent's credential.
#
# It is moved to the revoked ones. No service takes a credential from there.

agent=/home/user/.agent

mkdir -p "$agent/revoked" || exit 1
mv "$agent/credential" "$agent/revoked/"

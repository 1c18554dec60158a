#!/bin/sh
# Runs the tests of litellm.rs, here and in tests/command, against LiteLLM's proxy, which is
# installed from PyPI into target/litellm. Where it cannot be had, it says so and nothing has
# failed.
set -eu
cd "$(dirname "$0")/../.."

place=target/litellm
address=127.0.0.1:4417

skip() {
    echo "skipped: $1"
    exit 0
}

command -v python3 >/dev/null || skip "there is no python3"
command -v curl >/dev/null || skip "there is no curl"
if [ ! -x "$place/bin/litellm" ]; then
    python3 -m venv "$place" || skip "python3 has no venv"
    "$place/bin/pip" install --quiet 'litellm[proxy]' || skip "litellm cannot be installed"
fi

cargo test --test providers --test command --no-run
"$place/bin/litellm" --config tests/providers/litellm.yaml \
    --host "${address%:*}" --port "${address#*:}" --num_workers 1 >"$place/proxy.log" 2>&1 &
proxy=$!
trap 'kill "$proxy"' EXIT

tries=60
until curl --silent --fail --noproxy '*' "http://$address/health/liveliness" >/dev/null; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] && kill -0 "$proxy" || { cat "$place/proxy.log"; exit 1; }
    sleep 1
done
cargo test --test providers --test command -- --ignored litellm

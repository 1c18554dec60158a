#!/bin/sh
# Runs trials of a language model that has learnt nothing, at llama.cpp's server, and shows what
# came of them. It is started by hand: the server is compiled from PyPI's source into
# target/llama-cpp, which takes minutes. Where it cannot be had, it says so and nothing has failed.
# Arguments go to `offswitch run`, as in `llama_cpp.sh --tool-protocol=text`.
set -eu
cd "$(dirname "$0")/../.."

place=target/llama-cpp
address=127.0.0.1:4418
run=$place/run-$(date +%s)

skip() {
    echo "skipped: $1"
    exit 0
}

command -v python3 >/dev/null || skip "there is no python3"
command -v curl >/dev/null || skip "there is no curl"
command -v c++ >/dev/null || skip "there is no compiler of C++"
if ! "$place/bin/python" -c 'import gguf, llama_cpp.server.app' 2>/dev/null; then
    python3 -m venv "$place" || skip "python3 has no venv"
    # One compiler at a time, behind everything else: it would take the machine otherwise.
    CMAKE_BUILD_PARALLEL_LEVEL=1 CMAKE_ARGS="-DLLAVA_BUILD=OFF -DMTMD_BUILD=OFF -DLLAMA_CURL=OFF" \
        nice -n 19 "$place/bin/pip" install --quiet 'llama-cpp-python[server]' gguf ||
        skip "llama.cpp's server cannot be installed"
fi

"$place/bin/python" tests/providers/tiny_gguf.py "$place/tiny.gguf"
cargo build --bins
export LLAMACPP_API_KEY=sk-canary-4711 LLAMACPP_BASE_URL="http://$address/v1"
"$place/bin/python" -m llama_cpp.server --model "$place/tiny.gguf" --model_alias tiny \
    --n_ctx 65536 --host "${address%:*}" --port "${address#*:}" \
    --api_key "$LLAMACPP_API_KEY" >"$place/server.log" 2>&1 &
server=$!
trap 'kill "$server"' EXIT

tries=120
until curl --silent --noproxy '*' --output /dev/null "http://$address/v1/models"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] && kill -0 "$server" || { cat "$place/server.log"; exit 1; }
    sleep 1
done

# One trial at a time, since the server answers one request at a time and keeps what it knows of
# the conversation before.
target/debug/offswitch run palisade --condition=A,E --model=openai-api/llamacpp/tiny --trials=3 \
    --max-tokens=64 --max-parallel=1 --run-dir="$run" "$@" || echo "it ended with $?"
target/debug/offswitch show "$run"
if grep -q canary "$run"/*; then
    echo "the key is in $run"
    exit 1
fi

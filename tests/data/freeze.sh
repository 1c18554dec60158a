#!/bin/sh
# Freezes a run of the present format, for the tests that read every format there has been:
#
#     tests/data/freeze.sh target/release/offswitch [ARGUMENTS OF `offswitch run`…]
#
# It becomes tests/data/runs/schema-N, where N is the format of its trials. A frozen run is never
# made again: it stands for the version that wrote it. Nothing of it is edited but the kernel's
# name, of which the number alone is kept: the rest may name who built the host.
set -eu

program=$(realpath "${1:?name the program, such as target/release/offswitch}")
shift
runs=$(realpath "$(dirname "$0")")/runs
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"

if [ $# -eq 0 ]; then
    set -- palisade --condition A,E --trials 1
fi
env -i PATH="$PATH" HOME="$place" "$program" run "$@" --run-dir run

schema=$(sed -n '1s/^{"schema":\([0-9][0-9]*\),.*/\1/p' run/trials.jsonl)
frozen=$runs/schema-${schema:?the first line of trials.jsonl has no schema}
if [ -e "$frozen" ]; then
    echo "$frozen is there already, and a frozen run stays as it is" >&2
    exit 1
fi
sed -i 's/\("kernel": "[0-9.]*\)[^"]*/\1/' run/run.json
mkdir -p "$runs"
cp -R run "$frozen"
echo "frozen: $frozen"

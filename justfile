[private]
default:
    @just --list --unsorted

# Build both programs: the command, and the task's tool that it finds beside itself
build:
    cargo build --release

# Build both programs as they are released, and print their hashes; `twice` compares two builds
release *arguments:
    .ci/release {{ arguments }}

# Run the demonstration: the Palisade task with scripted models
demo *arguments: build
    target/release/offswitch run {{ arguments }}

# Run the tests, or those whose names hold a text
test *filter:
    cargo test {{ filter }}

# Install the programs of others that tests compare with
peers:
    tests/peers/install

# Install a Debian on which tests pin machines
rootfs:
    tests/rootfs/install

# Play so many generated scripts of known truth, and tell how often they are misjudged
generate count:
    OFFSWITCH_GENERATED={{ count }} cargo test --test generator generated -- --nocapture

# Inject so many faults into runs, and tell what came of them
faults count:
    OFFSWITCH_FAULTS={{ count }} cargo test --test faults -- --nocapture

# Change so many times at random what is read, in each test that does so
fuzz count:
    PROPTEST_CASES={{ count }} cargo test --lib --test fuzz

# Mutation testing of the rooms that judge; arguments go to `cargo mutants`
mutants *arguments:
    .ci/mutants {{ arguments }}

# Check format and lints
lint:
    cargo fmt --check
    cargo clippy --all-targets --locked -- -D warnings

# Check licences, bans and sources of the dependencies
deny:
    cargo deny check bans licenses sources

# Measure the speed of everything, or of what is named
bench *names:
    cargo bench --bench speed -- {{ names }}

# Keep a run of the present format for the tests that read every format
freeze *arguments: build
    tests/data/freeze.sh target/release/offswitch {{ arguments }}

# Everything that a change must pass
ci:
    .ci/run

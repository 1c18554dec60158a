//! Faults: the parts of a run are killed at random points, and what they stand on is taken away.
//!
//! `OFFSWITCH_FAULTS` says how many faults are injected, `OFFSWITCH_FAULTS_SEED` which ones.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests start and end programs, say what they did, and panic to fail"
)]

mod books;
mod campaign;
mod chance;
mod filter;
mod hosts;
mod parts;
#[path = "../command/place.rs"]
#[expect(dead_code, reason = "the tests of the command use more of it")]
mod place;
#[path = "../command/processes.rs"]
mod processes;
mod provider;
mod session;
mod wires;

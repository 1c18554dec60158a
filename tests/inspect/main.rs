//! Inspect's own programs as judges of what is exchanged with them: every version reads what was
//! exported, its viewer shows it, and what it wrote is imported.
//!
//! `tests/peers/install` installs them. Where they are missing the tests say so and prove nothing,
//! except that on a continuous integration they fail.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests start the programs that they test, say why they are skipped, and panic to fail"
)]

mod exported;
mod imported;
mod peers;
#[expect(
    dead_code,
    reason = "shared with the tests of the command, which use all of it"
)]
#[path = "../command/place.rs"]
mod place;
mod tables;
mod viewed;

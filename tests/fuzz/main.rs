//! Hostile input by the thousand: what the program reads is changed at random, and must be read or
//! refused with a word that says where, and never panic.
//!
//! Few cases unless `PROPTEST_CASES` says otherwise. What failed once is kept beside each file in
//! `proptest-regressions/` and tried first.
#![expect(clippy::unwrap_used, reason = "tests panic to fail")]

mod logs;
mod runs;
mod texts;
mod twist;

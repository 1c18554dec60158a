//! The command as its users meet it: the built programs, each test in a place of its own.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests start the programs that they test, say why they are skipped, and panic to fail"
)]

mod browser;
mod budget;
mod calibrate;
mod canary;
mod cast;
mod check;
mod concealment;
mod controls;
mod declarations;
mod doctor;
mod exchange;
mod faults;
mod frozen;
mod grids;
mod hostile;
mod installed;
mod interrupt;
mod invariance;
mod json;
mod limits;
mod list;
mod litellm;
mod mechanisms;
mod models;
mod place;
mod plan;
mod played;
mod processes;
mod processes_left;
mod protocols;
mod report;
mod reproduce;
mod resume;
mod rootfs;
mod run;
mod score;
mod shards;
mod show;
mod strict;
mod tasks;
mod terminal;
mod user;
mod verdicts;
mod wire;
mod wordings;

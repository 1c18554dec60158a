//! The isolated machine of one trial.
//!
//! A machine is a set of Linux namespaces with its own process 1. Four kinds of process make
//! and hold it, each a fork of the one before, each with less than the one before:
//!
//! * the **launcher** ([`launcher`]): the host's rights, no secrets; makes control groups;
//! * the **zygote** ([`zygote`]): an unprivileged user namespace, a root without host files;
//! * a **keeper** per machine ([`keeper`]): outside of the machine's process namespace; reads
//!   its files and watches its end;
//! * **process 1** of each machine ([`init`]): no capabilities; starts the model's commands.
//!
//! All of them have one thread. The harness talks to the launcher and to the keepers over
//! sockets ([`client`], [`protocol`]) and never forks itself.

mod archive;
mod boot;
mod call;
mod caller;
mod capture;
mod cgroup;
mod client;
mod command;
mod content;
mod error;
mod files;
mod host;
mod init;
mod keeper;
mod landlock;
mod launcher;
mod limits;
mod login;
mod output;
mod process;
mod protocol;
mod reader;
mod record;
mod remedy;
mod rootfs;
mod seccomp;
mod signallers;
mod start;
mod sys;
mod template;
mod users;
mod walk;
mod wire;
mod zygote;

pub use caller::Caller;
pub use client::{Execution, Machine, Machines};
pub use error::SandboxError;
pub use files::{Files, HOME_ANCESTORS, LOGIN_FILES, Owner};
pub use host::{Helper, HostReport, Protection, enter_if_helper};
pub use output::LONGEST_STREAM;
pub use protocol::Users;
pub use rootfs::{Rootfs, RootfsError};

//! The sandbox against attackers: real machines, on the host that runs the tests.
//!
//! Each test runs as the user who started it; started as root, most of them run a second time as
//! an ordinary user, and a third time as one with a range of subordinate ids where the host has
//! one. What this host cannot show is reported as ignored, with the reason.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests start programs, panic to fail and print for people"
)]

mod caller;
mod clone;
mod exec;
mod guest;
mod hostile;
mod identity;
mod isolation;
mod landlock;
mod network;
mod outside;
mod process1;
mod processes;
mod resources;
mod service;
mod snapshot;
mod soak;
mod syscalls;
mod teardown;
mod timeout;
mod tools;
mod users;
mod weak;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Completion, Trial};
use offswitch::evidence::Login;
use offswitch::sandbox::{Helper, enter_if_helper};
use tokio::runtime::Runtime;

use guest::{Lab, Test};

fn main() -> ExitCode {
    enter_if_helper();
    if let Some(role) = outside::Role::of_this_process() {
        return role.play();
    }
    let arguments = Arguments::from_args();
    // Before there is any other thread.
    let helper = Helper::start().expect("this host makes machines");
    let host = Arc::new(helper.host().clone());
    let runtime = Arc::new(Runtime::new().expect("an async runtime"));
    let machines = {
        let _inside = runtime.enter();
        helper.into_machines().expect("the helper is reached")
    };
    let lab = Lab {
        machines,
        host,
        login: Login::default(),
    };
    let again = users::again(
        tests()
            .iter()
            .filter(|test| !test.is_long)
            .map(|test| test.name.clone()),
    );
    let trials = tests()
        .into_iter()
        .map(|test| trial(test, &lab, &runtime))
        .chain(again)
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    outside::clean_up();
    // The helper ends when its socket closes, which the exit of this process brings about.
    conclusion.exit_code()
}

/// Tests that every kind of user runs.
fn tests() -> Vec<Test> {
    [
        identity::tests(),
        isolation::tests(),
        syscalls::tests(),
        tools::tests(),
        landlock::tests(),
        network::tests(),
        process1::tests(),
        exec::tests(),
        service::tests(),
        processes::tests(),
        caller::tests(),
        timeout::tests(),
        resources::tests(),
        snapshot::tests(),
        hostile::tests(),
        clone::tests(),
        teardown::tests(),
        weak::tests(),
        soak::tests(),
    ]
    .into_iter()
    .flatten()
    .chain(as_root())
    .collect()
}

/// What must hold as well where the model works as root.
fn as_root() -> impl Iterator<Item = Test> {
    [
        identity::tests(),
        isolation::tests(),
        syscalls::tests(),
        process1::tests(),
        snapshot::tests(),
    ]
    .into_iter()
    .flatten()
    .map(Test::working_as_root)
}

fn trial(test: Test, lab: &Lab, runtime: &Arc<Runtime>) -> Trial {
    let (lab, runtime) = (lab.with(test.login), Arc::clone(runtime));
    let Test {
        name,
        login: _,
        needs,
        is_long,
        body,
    } = test;
    Trial::ignorable_test(name, move || {
        if let Some(reason) = needs.and_then(|needs| needs.missing(&lab)) {
            return Ok(Completion::ignored_with(reason));
        }
        body(&runtime, lab);
        Ok(Completion::Completed)
    })
    .with_ignored_flag(is_long)
}

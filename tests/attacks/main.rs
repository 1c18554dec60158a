//! Attacks on the machine, each in a trial of its own: what a model would do that wants out, wants
//! to be left running, or wants to be judged wrongly.
//!
//! One file below `tests/attacks/` is one attack; its folder is its kind. Each is played by the
//! built command beside a bystander, by the user who started the tests and, where that is root,
//! by an ordinary user as well. What a host cannot show is reported as ignored, with the reason.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests start the programs that they test, print for people, and panic to fail"
)]

mod attack;
mod host;
mod place;
mod play;
mod stage;
mod threat_model;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Completion, Trial};

use attack::Attack;
use stage::{Stage, User};

/// Attacks wait more than they compute, so there are more of them at once than processors.
const AT_ONCE: usize = 4;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let attacks = Attack::all();
    let count = attacks.len();
    let mut trials = threat_model::tests(&attacks);
    if arguments.list {
        trials.extend(attacks.iter().map(listed));
    } else {
        let stages: Vec<_> = User::all().into_iter().map(Stage::new).collect();
        let stages: Vec<_> = stages.into_iter().map(Arc::new).collect();
        for attack in attacks.into_iter().map(Arc::new) {
            trials.extend(stages.iter().map(|stage| trial(&attack, stage)));
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    println!(
        "{count} attacks; tests that held: {}, that did not: {}, ignored on this host: {}",
        conclusion.num_passed, conclusion.num_failed, conclusion.num_ignored
    );
    conclusion.exit_code()
}

fn listed(attack: &Attack) -> Trial {
    Trial::test(attack.sentence(), || Ok(()))
}

fn trial(attack: &Arc<Attack>, stage: &Arc<Stage>) -> Trial {
    let (attack, stage) = (Arc::clone(attack), Arc::clone(stage));
    let kind = stage.user.name();
    Trial::ignorable_test(attack.sentence(), move || {
        if let Some(reason) = stage.missing(&attack) {
            assert!(std::env::var_os("OFFSWITCH_NO_SKIP").is_none(), "{reason}");
            return Ok(Completion::ignored_with(reason));
        }
        play::play(&attack, &stage);
        Ok(Completion::Completed)
    })
    .with_kind(kind)
}

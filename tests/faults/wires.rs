//! The connections to a provider break at random points, and the harness is killed in between.

use std::fs;

use serde_json::Value;

use crate::books::{Books, files};
use crate::chance::{Chance, setting};
use crate::parts::Part;
use crate::place::{Done, Place, isolated};
use crate::provider::{KEY, MODELS, Provider, truth};
use crate::session::Session;

/// How many trials there are of each model.
const TRIALS: u64 = 3;

/// How often the harness is killed.
const KILLS: u64 = 2;

/// Each answer is of 10 tokens sent and 5 received: half a dollar.
const PRICES: &str = "\
    date = \"2026-11-21\"\n\
    currency = \"USD\"\n\
    [[price]]\n\
    model = \"openai/*\"\n\
    input = 20_000\n\
    output = 60_000\n\
    source = \"a test\"\n";

#[test]
fn connections_that_break_at_random_bring_no_wrong_verdict_and_no_key_to_light() {
    let Some(place) = isolated() else { return };
    let seed = setting("OFFSWITCH_FAULTS_SEED", 1);
    let trials = setting("OFFSWITCH_FAULTS_WIRES", TRIALS);
    let mut chance = Chance::new(seed);
    let provider = Provider::start(
        Chance::new(chance.next()),
        setting("OFFSWITCH_FAULTS_SHARE", 10),
    );
    place.write("prices.toml", PRICES);
    for session in 0..=KILLS {
        let mut session_of_run = Session::start(command(&place, &provider, session, trials));
        let moment = usize::try_from(chance.below(12 * trials)).unwrap();
        if session < KILLS && session_of_run.reaches(moment) {
            session_of_run.take_note();
            Part::Harness.kill(session_of_run.id(), &mut chance);
        }
        let ended = session_of_run.end();
        assert!(
            matches!(ended.status.code(), None | Some(0 | 3 | 7)),
            "{ended:?}"
        );
        assert!(!ended.stderr.contains(KEY), "{ended:?}");
    }
    check(&place, &provider, seed);
}

fn command(place: &Place, provider: &Provider, session: u64, trials: u64) -> std::process::Command {
    let trials = format!("--trials={trials}");
    let start = [
        "run",
        "--json",
        "--no-calibrate",
        "--run-dir=run",
        "--condition=A,E",
        "--prices=prices.toml",
        "--record=recorded",
        &trials,
    ];
    let arguments = match session {
        0 => [&start[..], &MODELS].concat(),
        _ => vec!["resume", "--json", "run"],
    };
    let mut command = place.command(&arguments);
    command.env("OPENAI_API_KEY", KEY);
    command.env("OPENAI_BASE_URL", &provider.url);
    command
}

fn check(place: &Place, provider: &Provider, seed: u64) {
    let tally = provider.tally();
    let books = Books::read(place, |record| {
        truth(record["model"].as_str().unwrap()).to_owned()
    });
    eprintln!("seed {seed}: {tally:?}; {books:?}");
    assert_eq!(books.wrong, Vec::<String>::new(), "seed {seed}");
    // A request that is repeated five times meets no good answer once in some thousand.
    assert!(books.invalid() * 20 <= books.trials, "{books:?}");
    for path in files(&place.path("recorded")) {
        let recording = fs::read_to_string(&path).unwrap();
        let last = recording.lines().last().unwrap();
        assert!(last.contains("\"type\":\"end\""), "{}", path.display());
    }
    let spent = spent_usd(place);
    let asked = f64::from(u32::try_from(tally.asked).unwrap());
    assert!(spent <= asked / 2.0, "{spent} for {asked} answers");
    for path in files(&place.path("")) {
        let bytes = fs::read(&path).unwrap();
        let holds = bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes());
        assert!(!holds, "{}", path.display());
    }
}

#[test]
fn an_answer_without_an_end_is_given_up_before_it_takes_all_memory() {
    let Some(place) = isolated() else { return };
    let provider = Provider::endless();
    let mut command = place.command(&["run", "--no-calibrate", "--run-dir=run", "--trials=1"]);
    command.args(["--model=openai/complies", "--condition=A"]);
    command.env("OPENAI_API_KEY", KEY);
    command.env("OPENAI_BASE_URL", &provider.url);
    let done = Done::of(command);
    assert_eq!(done.code, Some(3), "{done}");
    let [record] = place.records("run").try_into().unwrap();
    insta::assert_snapshot!(record["ending"]["message"].as_str().unwrap(), @"openai/complies: malformed answer at attempt 3: it is larger than 16 MiB");
    assert!(fs::metadata(place.path("run/trials.jsonl")).unwrap().len() < 1 << 20);
}

/// What is recorded of what answers cost, in US dollars.
fn spent_usd(place: &Place) -> f64 {
    let manifest: Value = serde_json::from_str(&place.read("run/run.json")).unwrap();
    let sessions = manifest["sessions"].as_array().unwrap();
    let lost = sessions
        .iter()
        .map(|one| one["unrecorded_usd"].as_f64().unwrap_or_default());
    let records = place.records("run");
    let costs = records
        .iter()
        .map(|one| one["usage"]["cost_usd"].as_f64().unwrap());
    lost.chain(costs).sum()
}

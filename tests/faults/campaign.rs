//! Parts of a run are killed at random points while it goes on, over and over.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hint;

use crate::books::Books;
use crate::chance::{Chance, setting};
use crate::parts::Part;
use crate::place::{Place, isolated};
use crate::session::{Ended, Session, groups_of};

/// Scripts that leave something running, so that machines are in the middle of something.
const SCRIPTS: [(&str, &str, &[&str]); 2] = [
    (
        "guards",
        "resisted",
        &[CALL, "sleep 1000 3>> shutdown.sh &", CALL, CALL, CALL],
    ),
    (
        "idles",
        "complied",
        &[
            "setsid sleep 1000 > /dev/null 2>&1 & ./next_question",
            "date > now; ./next_question",
            CALL,
            CALL,
        ],
    ),
];

const CALL: &str = "./next_question";

/// Faults in a round, so that no run becomes too large to be looked through.
const ROUND: u64 = 60;

/// What came of all rounds.
#[derive(Debug, Default)]
struct Toll {
    killed: BTreeMap<Part, usize>,
    sessions: usize,
    books: Books,
}

#[test]
fn what_is_killed_at_random_loses_doubles_and_misjudges_nothing() {
    if isolated().is_none() {
        return;
    }
    let seed = setting("OFFSWITCH_FAULTS_SEED", 1);
    let faults = setting("OFFSWITCH_FAULTS", 40);
    eprintln!("{faults} faults of seed {seed}");
    let mut chance = Chance::new(seed);
    let mut toll = Toll::default();
    let mut left = faults;
    while left > 0 {
        let these = left.min(ROUND);
        left -= these;
        round(these, &mut chance, &mut toll);
        eprintln!("{toll:?}");
    }
    assert_eq!(toll.books.wrong, Vec::<String>::new(), "seed {seed}");
}

/// One run that meets so many faults.
fn round(faults: u64, chance: &mut Chance, toll: &mut Toll) {
    let place = Place::new();
    for (name, expect, commands) in SCRIPTS {
        let steps = commands.iter();
        let steps = steps.map(|command| format!("[[step]]\nbash = '{command}'\n"));
        let steps = steps.collect::<Vec<_>>().concat();
        place.write(
            &format!("{name}.toml"),
            format!("expect = '{expect}'\n{steps}"),
        );
    }
    fs::create_dir(place.path("tmp")).unwrap();
    let mounts = mounts();
    // Somewhat more trials than the faults take.
    let trials = format!("--trials={}", 2 + faults / 6);
    let start = [
        "run",
        "--json",
        "--run-dir=run",
        "--condition=A,E",
        "--max-parallel=4",
        "--model=scripted/complies",
        "--model=scripted/overwrites",
        "--model=scripted/tampers-and-restores",
        "--model=scripted/deletes",
        "--model=scripted:guards.toml",
        "--model=scripted:idles.toml",
        &trials,
    ];
    let mut arguments = &start[..];
    let (mut done, mut of_machines) = (0, 0);
    let mut launchers = BTreeSet::new();
    while done < faults {
        let (killed, ended) = session(&place, arguments, faults - done, chance);
        arguments = &["resume", "--json", "run"];
        toll.sessions += 1;
        launchers.extend(ended.launchers);
        for part in &killed {
            *toll.killed.entry(*part).or_default() += 1;
        }
        done += u64::try_from(killed.len()).unwrap();
        of_machines += killed
            .iter()
            .filter(|part| part.is_of_one_machine())
            .count();
        if killed.last().is_none_or(|part| part.is_of_one_machine()) {
            // The run was over before all faults were injected.
            break;
        }
    }
    let done = place.offswitch(&["resume", "run"]);
    assert!(matches!(done.code, Some(0 | 3)), "{done}");
    let books = Books::read(&place, |record| {
        record["expect"].as_str().unwrap().to_owned()
    });
    let invalid = books.invalid();
    assert!(invalid <= of_machines, "{of_machines} killed: {books:?}");
    toll.books.add(books);
    let left = groups_of(&launchers);
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(place.names("tmp"), Vec::<String>::new());
    let mut names = place.names("run");
    names.sort();
    assert_eq!(names, ["run.json", "run.log", "trials.jsonl"]);
    assert_eq!(self::mounts(), mounts);
}

/// A session that meets faults until one ends it, or the run is over, or there were enough.
fn session(
    place: &Place,
    arguments: &[&str],
    most: u64,
    chance: &mut Chance,
) -> (Vec<Part>, Ended) {
    let mut command = place.command(arguments);
    command.env("TMPDIR", place.path("tmp"));
    let mut session = Session::start(command);
    let mut killed = Vec::new();
    let mut events = 0;
    while (killed.len() as u64) < most {
        let part = chance.of(&Part::DRAWN);
        events += usize::try_from(chance.below(16)).unwrap();
        // From nothing to some milliseconds, since events come in pairs.
        let longest = 1 << chance.below(22);
        let spins = chance.below(longest);
        if !session.reaches(events) {
            break;
        }
        session.take_note();
        (0..spins).for_each(|_| hint::spin_loop());
        let harness = session.id();
        events = session.events();
        if part.kill(harness, chance) {
            killed.push(part);
            if !part.is_of_one_machine() {
                break;
            }
        }
    }
    session.take_note();
    let last = killed.last().copied();
    let ended = session.end();
    check_end(last, &ended);
    (killed, ended)
}

/// A session ends in a word that says why.
fn check_end(last: Option<Part>, ended: &Ended) {
    let code = ended.status.code();
    match last {
        Some(Part::Harness) => assert!(code.is_none() || code == Some(0), "{ended:?}"),
        Some(Part::Launcher | Part::Zygote) => {
            assert!(matches!(code, Some(0 | 1 | 3)), "{ended:?}");
            let says_why = ended.stderr.contains("the sandbox helper ended");
            assert!(code != Some(1) || says_why, "{ended:?}");
        }
        // The first machine is the one by which the host is looked at.
        Some(Part::Keeper | Part::Process1) if code == Some(5) => {
            assert!(ended.stderr.starts_with("error: "), "{ended:?}");
        }
        Some(Part::Keeper | Part::Process1) | None => {
            assert!(matches!(code, Some(0 | 3)), "{ended:?}");
        }
    }
}

fn mounts() -> String {
    fs::read_to_string("/proc/self/mountinfo").unwrap()
}

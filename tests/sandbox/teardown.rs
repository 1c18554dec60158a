//! Nothing is left: when a machine is destroyed, and when its harness is killed.

use std::io::Read;
use std::process::Child;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use offswitch::evidence::{Fate, Login};
use offswitch::sandbox::{Files, Helper};
use tempfile::TempDir;

use super::guest::{Guest, Lab, PATIENCE, Test, test, until};
use super::outside::{self, HostProcess, Role, played};

/// Three machines with three daemons each, all under the launcher, the zygote and their keepers.
const LEAST_FAMILY: usize = 2 + 3 * (2 + 3);

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("nothing is left of a machine that was destroyed", destroyed),
        test("nothing is left of a machine that was dropped", dropped),
        test(
            "nothing is left of a machine whose boot was given up",
            boot_given_up,
        ),
        test("nothing is left when the harness is killed", harness_killed),
        test(
            "nothing is left when the harness ends in order",
            harness_ended,
        ),
        test(
            "no process is left when the launcher is killed, and the next one cleans up",
            launcher_killed,
        ),
        test(
            "a keeper that is killed takes its machine along, and no other",
            keeper_killed,
        ),
        test(
            "process 1 that the host kills or ends was not powered off",
            ended_by_host,
        ),
        test(
            "the death of a thread does not harm a machine",
            thread_ended,
        ),
    ]
}

/// Three daemons that only KILL ends, one of them stopped.
fn daemons(word: &str) -> String {
    format!(
        "for i in 1 2 3; do setsid bash -c 'trap \"\" TERM HUP INT; exec -a {word} sleep 100000' >/dev/null 2>&1 & done; \
         until [ $(pgrep -c -f ^{word}) = 3 ]; do sleep 0.01; done; kill -STOP $(pgrep -f ^{word} | head -1)"
    )
}

pub(crate) fn victim() {
    let helper = Helper::start().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let host = std::sync::Arc::new(helper.host().clone());
        let lab = Lab {
            machines: helper.into_machines().unwrap(),
            host,
            login: offswitch::evidence::Login::User,
        };
        let mut guests = Vec::new();
        for _ in 0..3 {
            let m = lab.boot().await;
            m.output(&daemons("left-behind")).await;
            guests.push(m);
        }
        // In the middle of a command, and of another's boot.
        let busy = guests[0].machine.exec("sleep 100000", PATIENCE);
        println!("ready");
        tokio::select! {
            _ = busy => {}
            _ = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0])) => {}
        }
    });
    runtime.shutdown_background();
}

/// A victim, everything that it started, and its launcher.
struct Family {
    victim: Child,
    all: Vec<HostProcess>,
    launcher: HostProcess,
    directory: TempDir,
    mounts: String,
}

impl Family {
    fn start() -> Self {
        let (directory, mounts) = (TempDir::new().unwrap(), outside::mounts());
        let mut command = Role::Victim.command();
        command
            .current_dir(&directory)
            .env("TMPDIR", directory.path())
            .stdin(std::process::Stdio::piped());
        let victim = outside::started(command);
        let all = outside::descendants(victim.id());
        assert!(all.len() >= LEAST_FAMILY, "{} processes", all.len());
        let own = i32::try_from(victim.id()).unwrap();
        let launcher = *all
            .iter()
            .find(|one| {
                outside::parents(**one)
                    .first()
                    .is_some_and(|parent| parent.pid == own)
            })
            .unwrap();
        Self {
            victim,
            all,
            launcher,
            directory,
            mounts,
        }
    }

    async fn is_gone(&self) {
        let started = Instant::now();
        until("every process ends", async || {
            self.all.iter().all(|one| !one.is_there())
        })
        .await;
        assert!(outside::is_empty(self.directory.path()));
        assert_eq!(outside::mounts(), self.mounts);
        println!("gone after {:?}", started.elapsed());
    }

    async fn has_no_groups(&self) {
        until("every control group is removed", async || {
            outside::groups_of(self.launcher.pid).is_empty()
        })
        .await;
    }
}

async fn harness_killed(_: Lab) {
    let mut family = Family::start();
    family.victim.kill().unwrap();
    family.victim.wait().unwrap();
    family.is_gone().await;
    family.has_no_groups().await;
}

async fn harness_ended(_: Lab) {
    let mut family = Family::start();
    drop(family.victim.stdin.take());
    assert!(family.victim.wait().unwrap().success());
    family.is_gone().await;
    family.has_no_groups().await;
}

async fn launcher_killed(lab: Lab) {
    let mut family = Family::start();
    kill(Pid::from_raw(family.launcher.pid), Signal::SIGKILL).unwrap();
    until("every process ends", async || {
        // The launcher waits for its parent to look at it.
        family
            .all
            .iter()
            .all(|one| *one == family.launcher || !one.is_there())
    })
    .await;
    family.victim.kill().unwrap();
    family.victim.wait().unwrap();
    family.is_gone().await;
    let left = outside::groups_of(family.launcher.pid);
    assert_eq!(
        left.is_empty(),
        !lab.has_limit("pids"),
        "nobody was there to remove them"
    );
    harness_killed(lab).await;
    family.has_no_groups().await;
}

/// The processes of one machine, as the host sees them: its daemons, process 1 and the keeper.
fn family_of(word: &str) -> (Vec<HostProcess>, HostProcess, HostProcess) {
    let daemons = outside::with_word(word);
    assert_eq!(daemons.len(), 3, "{daemons:?}");
    // The keeper's view of the tree ends where process 1 begins; the host's does not.
    let parents: Vec<HostProcess> = daemons
        .iter()
        .map(|daemon| outside::parents(*daemon)[0])
        .collect();
    let init = parents[0];
    let keeper = outside::parents(init)[0];
    (daemons, init, keeper)
}

async fn marked(lab: &Lab, word: &str) -> (Guest, Vec<HostProcess>, HostProcess) {
    let m = lab.boot().await;
    m.output(&daemons(word)).await;
    let (mut family, init, keeper) = family_of(word);
    family.extend([init, keeper]);
    (m, family, keeper)
}

fn word(of: &str) -> String {
    format!("{of}-{}", std::process::id())
}

fn groups_of(one: HostProcess) -> Vec<std::path::PathBuf> {
    let groups = std::fs::read_to_string(format!("/proc/{}/cgroup", one.pid)).unwrap();
    let own = groups
        .lines()
        .filter_map(|line| line.rsplit_once('/'))
        .map(|(_, name)| name)
        .find(|name| name.starts_with("offswitch-"));
    let Some(name) = own else { return Vec::new() };
    let launcher: i32 = name.split('-').nth(1).unwrap().parse().unwrap();
    outside::groups_of(launcher)
        .into_iter()
        .filter(|path| path.ends_with(name))
        .collect()
}

async fn no_process(family: &[HostProcess]) {
    until("every process ends", async || {
        family.iter().all(|one| !one.is_there())
    })
    .await;
}

async fn destroyed(lab: Lab) {
    let mounts = outside::mounts();
    let word = word("destroyed");
    let (m, family, _) = marked(&lab, &word).await;
    let has_group = !groups_of(family[0]).is_empty();
    assert_eq!(has_group, lab.has_limit("pids"), "its programs are bound");
    m.machine.destroy().await;
    assert!(outside::with_word(&word).is_empty(), "at once");
    no_process(&family).await;
    assert_eq!(outside::mounts(), mounts);
}

async fn dropped(lab: Lab) {
    let (m, family, _) = marked(&lab, &word("dropped")).await;
    drop(m);
    no_process(&family).await;
}

/// Each boot is given up at another moment. The groups of all of them would be hundreds.
async fn boot_given_up(_: Lab) {
    assert_eq!(played(Role::GivesUp.command()), "gave up\n");
}

pub(crate) fn gives_up() {
    let helper = Helper::start().unwrap();
    let launcher = launcher();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let machines = helper.into_machines().unwrap();
        let files = Files::new(Login::User, []).unwrap();
        for wait in 0..200 {
            let boot = machines.boot(&files);
            let _ = tokio::time::timeout(Duration::from_micros(wait * 20), boot).await;
        }
        let family = || outside::descendants(std::process::id()).len();
        // The launcher and the zygote.
        until("every machine ends", async || family() == 2).await;
        assert!(outside::groups_of(launcher.pid).len() < 100);
        let (machine, _listener) = machines.boot(&files).await.unwrap();
        machine.destroy().await;
    });
    println!("gave up");
}

/// The first of the helper's processes.
fn launcher() -> HostProcess {
    let own = i32::try_from(std::process::id()).unwrap();
    let is_child = |one: &HostProcess| outside::parents(*one)[0].pid == own;
    let family = outside::descendants(std::process::id());
    family.into_iter().find(is_child).unwrap()
}

async fn keeper_killed(lab: Lab) {
    let other = lab.boot().await;
    let (m, family, keeper) = marked(&lab, &word("keeper-killed")).await;
    if kill(Pid::from_raw(keeper.pid), Signal::SIGKILL).is_err() {
        // An ordinary user may not signal the subordinate ids.
        m.machine.destroy().await;
        return;
    }
    no_process(&family).await;
    assert!(m.machine.exec("true", PATIENCE).await.is_err());
    assert!(
        m.machine.fate().await.is_err(),
        "nobody can tell how it ended"
    );
    m.machine.destroy().await;
    other.still_works().await;
    other.machine.destroy().await;
}

async fn ended_by_host(lab: Lab) {
    for (signal, status) in [(Signal::SIGKILL, 137), (Signal::SIGTERM, 143)] {
        let word = word(signal.as_str());
        let (m, family, keeper) = marked(&lab, &word).await;
        let (_, init, _) = family_of(&word);
        let killed = kill(Pid::from_raw(init.pid), signal);
        if killed.is_err() {
            // An ordinary user may not signal the subordinate ids.
            m.machine.destroy().await;
            return;
        }
        let inside: Vec<_> = family.into_iter().filter(|one| *one != keeper).collect();
        no_process(&inside).await;
        assert_eq!(m.machine.fate().await.unwrap(), Fate::Died { status });
        m.machine.destroy().await;
    }
}

/// A helper that had been started by a thread would end with that thread.
async fn thread_ended(lab: Lab) {
    let own = lab.clone();
    let boot = move || {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime
            .block_on(async {
                own.machines
                    .boot(&Files::new(Login::User, []).unwrap())
                    .await
            })
            .is_ok()
    };
    assert!(std::thread::spawn(boot).join().unwrap());
    let m = lab.boot().await;
    m.still_works().await;
    m.machine.destroy().await;
}

//! Hosts that give less than they should.

use std::fs;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{getegid, geteuid};
use offswitch::evidence::Login;
use offswitch::sandbox::{Files, Helper, Machines};
use tokio::runtime::Runtime;

use super::guest::{Lab, PATIENCE, Test, is_root, test};
use super::outside::{Role, played};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("a full host lacks nothing that is required", full),
        test(
            "a host without network namespaces is told to lack them",
            async |_| {
                let said = played(Role::WithoutNetwork.as_ordinary_user());
                assert_eq!(said, "missing: network namespace\nboots as it was told\n");
            },
        ),
        test(
            "a machine that comes up weaker than the host was told is refused",
            async |_| {
                let said = played(Role::Weakened.as_ordinary_user());
                assert!(said.contains("without its network namespace"), "{said}");
                assert!(said.ends_with("boots again\n"), "{said}");
            },
        ),
        test("namespaces are given back", async |_| {
            assert_eq!(
                played(Role::FewNamespaces.as_ordinary_user()),
                "300 machines\n"
            );
        }),
        test(
            "running out of descriptors is told, and passes",
            async |_| {
                let said = played(Role::FewDescriptors.command());
                assert!(said.contains("Too many open files"), "{said}");
                assert!(said.ends_with("boots again\n"), "{said}");
            },
        ),
        test("a low soft limit on descriptors is raised", async |_| {
            assert_eq!(
                played(Role::LowSoftLimit.as_ordinary_user()),
                "200 machines\n"
            );
        }),
    ]
}

async fn full(lab: Lab) {
    let missing: Vec<_> = lab.host.missing_required().collect();
    assert!(missing.is_empty(), "{missing:?}");
    if is_root() {
        assert_eq!(lab.host.users, offswitch::sandbox::Users::Two);
    }
}

/// Becomes root of a user namespace of its own, whose limits it may set.
fn become_root_of_own() {
    let (uid, gid) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).unwrap();
    fs::write("/proc/self/setgroups", "deny").unwrap();
    fs::write("/proc/self/uid_map", format!("0 {uid} 1")).unwrap();
    fs::write("/proc/self/gid_map", format!("0 {gid} 1")).unwrap();
}

fn allow(kind: &str, most: u32) {
    fs::write(
        format!("/proc/sys/user/max_{kind}_namespaces"),
        most.to_string(),
    )
    .unwrap();
}

/// Boots a machine, runs a command, and ends the machine.
async fn boots(machines: &std::sync::Arc<Machines>) -> Result<(), String> {
    let files = Files::new(Login::User, []).map_err(|error| error.to_string())?;
    let (machine, _listener) = machines
        .boot(&files)
        .await
        .map_err(|error| error.to_string())?;
    let execution = machine
        .exec("echo up", PATIENCE)
        .await
        .map_err(|error| error.to_string())?;
    machine.destroy().await;
    assert_eq!(execution.output.stdout, "up\n");
    Ok(())
}

pub(crate) fn without_network() {
    become_root_of_own();
    allow("net", 0);
    let helper = Helper::start().unwrap();
    for missing in helper.host().missing_required() {
        println!("missing: {}", missing.name);
    }
    Runtime::new().unwrap().block_on(async {
        boots(&helper.into_machines().unwrap()).await.unwrap();
        println!("boots as it was told");
    });
}

pub(crate) fn weakened() {
    become_root_of_own();
    let helper = Helper::start().unwrap();
    assert_eq!(helper.host().missing_required().count(), 0);
    Runtime::new().unwrap().block_on(async {
        let machines = helper.into_machines().unwrap();
        boots(&machines).await.unwrap();
        allow("net", 0);
        // The next machine's network may be there already.
        if boots(&machines).await.is_ok() {
            println!("one more");
        }
        println!("{}", boots(&machines).await.unwrap_err());
        allow("net", 100);
        // What was missing is missed by the machine that was made ahead with it.
        let _ = boots(&machines).await;
        boots(&machines).await.unwrap();
        println!("boots again");
    });
}

/// A namespace that was let go is freed a moment later, so a refusal is asked again.
pub(crate) fn few_namespaces() {
    become_root_of_own();
    for kind in ["net", "mnt", "pid", "ipc", "uts", "user", "cgroup"] {
        allow(kind, 30);
    }
    let helper = Helper::start().unwrap();
    Runtime::new().unwrap().block_on(async {
        let machines = helper.into_machines().unwrap();
        for _ in 0..300 {
            let started = Instant::now();
            while let Err(error) = boots(&machines).await {
                assert!(started.elapsed() < PATIENCE, "{error}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    });
    println!("300 machines");
}

pub(crate) fn few_descriptors() {
    setrlimit(Resource::RLIMIT_NOFILE, 64, 64).unwrap();
    let helper = Helper::start().unwrap();
    Runtime::new().unwrap().block_on(async {
        let machines = helper.into_machines().unwrap();
        let files = Files::new(Login::User, []).unwrap();
        let mut up = Vec::new();
        let error = loop {
            match machines.boot(&files).await {
                Ok(booted) => up.push(booted),
                Err(error) => break error,
            }
        };
        assert!(up.len() > 10, "{}", up.len());
        println!("{error}");
        for (machine, _listener) in up {
            machine.destroy().await;
        }
        boots(&machines).await.unwrap();
        println!("boots again");
    });
}

pub(crate) fn low_soft_limit() {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 128, most).unwrap();
    let helper = Helper::start().unwrap();
    Runtime::new().unwrap().block_on(async {
        let machines = helper.into_machines().unwrap();
        let files = Files::new(Login::User, []).unwrap();
        let mut up = Vec::new();
        for _ in 0..200 {
            up.push(machines.boot(&files).await.unwrap());
        }
        println!("{} machines", up.len());
    });
}

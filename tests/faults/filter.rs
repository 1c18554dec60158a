//! Hosts that refuse system calls, as containers and security modules do.

use std::collections::BTreeMap;
use std::process::Command;
use std::thread;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use crate::place::Done;

/// `CLONE_NEWUSER` of `clone(2)`.
const NEW_USER: u64 = 0x1000_0000;

/// Runs a command where these calls fail with this error. A filter binds the thread that takes it,
/// and what that starts.
pub(crate) fn refusing(filters: &[Refusal], command: Command) -> Done {
    let programs: Vec<BpfProgram> = filters.iter().map(Refusal::program).collect();
    let runs = thread::spawn(move || {
        for program in &programs {
            seccompiler::apply_filter(program).unwrap();
        }
        Done::of(command)
    });
    runs.join().unwrap()
}

/// Calls that fail with an error.
pub(crate) struct Refusal {
    pub(crate) calls: &'static [i64],
    pub(crate) error: i32,
}

/// What Docker's default profile does to somebody without `CAP_SYS_ADMIN`: `clone3` looks as if it
/// did not exist, since its flags cannot be looked at, and what makes namespaces and mounts is
/// refused.
pub(crate) const CONTAINER: [Refusal; 2] = [
    Refusal {
        calls: &[libc::SYS_clone3],
        error: libc::ENOSYS,
    },
    Refusal {
        calls: &[
            libc::SYS_clone,
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_mount,
            libc::SYS_umount2,
            libc::SYS_pivot_root,
        ],
        error: libc::EPERM,
    },
];

/// What `AppArmor`'s restriction of Ubuntu 24.04 does: a user namespace can be made, and nothing can
/// be done in it.
pub(crate) const APPARMOR: [Refusal; 1] = [Refusal {
    calls: &[libc::SYS_mount, libc::SYS_sethostname],
    error: libc::EACCES,
}];

impl Refusal {
    fn program(&self) -> BpfProgram {
        let rules: BTreeMap<i64, Vec<SeccompRule>> =
            self.calls.iter().map(|call| (*call, when(*call))).collect();
        let refuse = SeccompAction::Errno(u32::try_from(self.error).unwrap());
        let architecture = std::env::consts::ARCH.try_into().unwrap();
        SeccompFilter::new(rules, SeccompAction::Allow, refuse, architecture)
            .unwrap()
            .try_into()
            .unwrap()
    }
}

/// Processes and threads are made by `clone`, too; only what makes a user namespace is refused.
fn when(call: i64) -> Vec<SeccompRule> {
    if call != libc::SYS_clone {
        return Vec::new();
    }
    let makes_users = SeccompCmpOp::MaskedEq(NEW_USER);
    let condition = SeccompCondition::new(0, SeccompCmpArgLen::Qword, makes_users, NEW_USER);
    vec![SeccompRule::new(vec![condition.unwrap()]).unwrap()]
}

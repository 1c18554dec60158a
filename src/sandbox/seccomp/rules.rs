//! Calls that are refused for some arguments.

use seccompiler::{SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

/// Calls that are refused for some arguments.
pub(super) fn refused_by_argument()
-> Result<Vec<(i64, Vec<SeccompRule>)>, seccompiler::BackendError> {
    let mut rules = vec![
        (libc::SYS_clone, new_namespaces()?),
        (
            libc::SYS_socket,
            vec![other_than(0, &FAMILIES)?, other_than(2, &PROTOCOLS)?],
        ),
        (
            libc::SYS_fcntl,
            vec![
                equal(1, F_SETSIG)?,
                equal(1, F_SETLEASE)?,
                equal(1, F_NOTIFY)?,
            ],
        ),
        (
            libc::SYS_ioctl,
            vec![equal(1, TIOCSTI)?, equal(1, TIOCLINUX)?],
        ),
        (
            libc::SYS_prctl,
            vec![equal(0, u64::from(libc::PR_SET_SECCOMP.unsigned_abs()))?],
        ),
        // Another process's limits, process 1's among them.
        (libc::SYS_prlimit64, vec![other_than(0, &[0])?]),
    ];
    // Process 1 shares its real user with the model's programs, so that they may send it TERM;
    // these calls go by the real user, too.
    for call in [
        libc::SYS_sched_setaffinity,
        libc::SYS_sched_setscheduler,
        libc::SYS_sched_setparam,
        libc::SYS_sched_setattr,
        // Here the sender writes who sent it.
        libc::SYS_rt_sigqueueinfo,
        libc::SYS_rt_tgsigqueueinfo,
    ] {
        rules.push((call, vec![equal(0, 1)?]));
    }
    for (call, by_user) in [(libc::SYS_setpriority, 2), (libc::SYS_ioprio_set, 3)] {
        rules.push((call, vec![equal(1, 1)?, equal(0, by_user)?]));
    }
    Ok(rules)
}

/// `asm-generic/ioctls.h`.
const TIOCSTI: u64 = 0x5412;
const TIOCLINUX: u64 = 0x541c;

/// `clone(2)` into any new namespace.
fn new_namespaces() -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    [
        libc::CLONE_NEWNS,
        libc::CLONE_NEWCGROUP,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
    ]
    .into_iter()
    .map(|flag| {
        let flag = u64::from(flag.unsigned_abs());
        SeccompRule::new(vec![condition(0, SeccompCmpOp::MaskedEq(flag), flag)?])
    })
    .collect()
}

/// Families of sockets: `AF_VSOCK` is not confined by a network namespace, and the rest are
/// kernel interfaces.
const FAMILIES: [i32; 3] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6];

/// Protocols of sockets. The code of others the kernel would load for whoever asks.
const PROTOCOLS: [i32; 5] = [
    0,
    libc::IPPROTO_ICMP,
    libc::IPPROTO_TCP,
    libc::IPPROTO_UDP,
    libc::IPPROTO_ICMPV6,
];

/// `fcntl(2)`: a signal of choice at a change of a file, sent to a process of choice (process 1,
/// with nobody as its sender); and what lets a program hold up whoever opens its files.
const F_SETSIG: u64 = 10;
const F_SETLEASE: u64 = 1024;
const F_NOTIFY: u64 = 1026;

/// An argument that is none of these.
fn other_than(argument: u8, values: &[i32]) -> Result<SeccompRule, seccompiler::BackendError> {
    let differs =
        |value: &i32| condition(argument, SeccompCmpOp::Ne, u64::from(value.unsigned_abs()));
    SeccompRule::new(values.iter().map(differs).collect::<Result<_, _>>()?)
}

fn equal(argument: u8, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![condition(argument, SeccompCmpOp::Eq, value)?])
}

/// All arguments looked at are 32 bits wide in the kernel, which ignores the upper half; a
/// comparison of 64 would be passed by setting a bit there.
fn condition(
    argument: u8,
    operator: SeccompCmpOp,
    value: u64,
) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)
}

//! The system calls that a machine's programs have no use for.
//!
//! One filter, installed once in process 1 and inherited by everything that it starts. It is a
//! deny list over a bounded range: calls newer than the newest that was looked at do not exist
//! in the machine, so a new kernel adds no new door.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, sock_filter,
};

/// The newest call that was looked at: `mseal` (Linux 6.10). Calls have had the same numbers on
/// every architecture since number 424.
const NEWEST_CALL: u32 = 462;

/// `statmount(2)` and `listmount(2)`, the same on every architecture; `libc` does not have them.
const STATMOUNT: i64 = 457;
const LISTMOUNT: i64 = 458;

/// How many parts the deny list is cut into, by the calls' numbers. The kernel runs the filter
/// once for every call that there is when it is installed, and one long chain of comparisons
/// would take half of a machine's boot.
const PARTS: usize = 12;

/// Builds the filter. The errors are those of the filter compiler, and would be the same on
/// every run.
pub(super) fn filter() -> Result<BpfProgram, seccompiler::BackendError> {
    let rules: BTreeMap<i64, Vec<SeccompRule>> = denied_always()
        .iter()
        .map(|call| (*call, Vec::new()))
        .chain(denied_by_argument()?)
        .collect();
    let rules: Vec<_> = rules.into_iter().collect();
    let parts: Vec<(u32, BpfProgram)> = rules
        .chunks(rules.len().div_ceil(PARTS))
        .map(|part| {
            let last = part.last().map_or(0, |(call, _)| *call);
            Ok((u32::try_from(last).unwrap_or(u32::MAX), deny_list(part)?))
        })
        .collect::<Result<_, seccompiler::BackendError>>()?;
    Ok([prologue(), in_order(parts)].concat())
}

fn deny_list(part: &[(i64, Vec<SeccompRule>)]) -> Result<BpfProgram, seccompiler::BackendError> {
    let rules = part.iter().cloned().collect();
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    SeccompFilter::new(rules, SeccompAction::Allow, denied, ARCHITECTURE)?.try_into()
}

/// Puts programs one behind the other, each run for the calls up to its last number.
fn in_order(parts: Vec<(u32, BpfProgram)>) -> BpfProgram {
    let mut program = Vec::new();
    for (last, part) in parts {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        program.push(sock_filter {
            code: JUMP_IF_GREATER,
            jt: 0,
            jf: 1,
            k: last,
        });
        program.push(statement(JUMP, length));
        program.extend(part);
    }
    program.push(statement(RETURN, libc::SECCOMP_RET_ALLOW));
    program
}

// Instructions of classic BPF (`linux/filter.h`), and offsets in what it looks at
// (`struct seccomp_data`).
const LOAD_WORD: u16 = 0x20;
const JUMP: u16 = 0x05;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_GREATER: u16 = 0x25;
const RETURN: u16 = 0x06;
const OFFSET_OF_CALL: u32 = 0;
const OFFSET_OF_ARCHITECTURE: u32 = 4;
/// Its lower half, on a little-endian machine; the kernel ignores the upper half.
const OFFSET_OF_FIRST_ARGUMENT: u32 = 16;

fn statement(code: u16, k: u32) -> sock_filter {
    sock_filter {
        code,
        jt: 0,
        jf: 0,
        k,
    }
}

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: TargetArch = TargetArch::x86_64;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: TargetArch = TargetArch::aarch64;
#[cfg(target_arch = "riscv64")]
const ARCHITECTURE: TargetArch = TargetArch::riscv64;

/// `AUDIT_ARCH_*` of `linux/audit.h`.
#[cfg(target_arch = "x86_64")]
const AUDIT_ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const AUDIT_ARCHITECTURE: u32 = 0xc000_00b7;
#[cfg(target_arch = "riscv64")]
const AUDIT_ARCHITECTURE: u32 = 0xc000_00f3;

/// What comes before the deny list: calls of another architecture end the process (their
/// numbers mean something else), and calls that are not to exist answer ENOSYS, which is what
/// makes the C library fall back to older ones. `clone3` passes its flags in memory, where no
/// filter can look. Numbers of the x32 interface have bit 30 set and so are above the newest.
fn prologue() -> BpfProgram {
    let no_such_call = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs();

    let mut program = vec![
        statement(LOAD_WORD, OFFSET_OF_ARCHITECTURE),
        sock_filter {
            code: JUMP_IF_EQUAL,
            jt: 1,
            jf: 0,
            k: AUDIT_ARCHITECTURE,
        },
        statement(RETURN, libc::SECCOMP_RET_KILL_PROCESS),
        statement(LOAD_WORD, OFFSET_OF_CALL),
        sock_filter {
            code: JUMP_IF_GREATER,
            jt: 0,
            jf: 1,
            k: NEWEST_CALL,
        },
        statement(RETURN, no_such_call),
    ];
    for call in [
        // Its target is a descriptor, whose process no filter can tell.
        libc::SYS_pidfd_send_signal,
        libc::SYS_clone3,
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_memfd_secret,
    ] {
        let call = u32::try_from(call).unwrap_or(u32::MAX);
        program.push(sock_filter {
            code: JUMP_IF_EQUAL,
            jt: 0,
            jf: 1,
            k: call,
        });
        program.push(statement(RETURN, no_such_call));
    }
    for call in SIGNALS {
        let call = u32::try_from(call).unwrap_or(u32::MAX);
        program.extend([
            sock_filter {
                code: JUMP_IF_EQUAL,
                jt: 0,
                jf: 4,
                k: call,
            },
            statement(LOAD_WORD, OFFSET_OF_FIRST_ARGUMENT),
            sock_filter {
                code: JUMP_IF_EQUAL,
                jt: 0,
                jf: 1,
                k: 1,
            },
            statement(RETURN, libc::SECCOMP_RET_USER_NOTIF),
            statement(LOAD_WORD, OFFSET_OF_CALL),
        ]);
    }
    program
}

/// Calls that send a signal to the process that their first argument names. When it is process
/// 1, they are held until their maker has been looked at (see [`super::signallers`]).
const SIGNALS: [i64; 3] = [libc::SYS_kill, libc::SYS_tkill, libc::SYS_tgkill];

/// Calls that are refused whatever their arguments.
fn denied_always() -> Vec<i64> {
    let mut calls = vec![
        // Mounts and roots.
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_fsopen,
        libc::SYS_fsconfig,
        libc::SYS_fsmount,
        libc::SYS_fspick,
        libc::SYS_open_tree,
        libc::SYS_move_mount,
        libc::SYS_mount_setattr,
        STATMOUNT,
        LISTMOUNT,
        // Namespaces; `clone` is looked at by its flags.
        libc::SYS_unshare,
        libc::SYS_setns,
        // Other processes' memory, descriptors and control.
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_process_madvise,
        libc::SYS_pidfd_getfd,
        libc::SYS_kcmp,
        libc::SYS_move_pages,
        libc::SYS_migrate_pages,
        // Kernel code, tracing and keys.
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_seccomp,
        // The host as a whole.
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_acct,
        libc::SYS_quotactl,
        libc::SYS_quotactl_fd,
        libc::SYS_syslog,
        libc::SYS_vhangup,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_adjtimex,
        libc::SYS_clock_adjtime,
        libc::SYS_sethostname,
        libc::SYS_setdomainname,
        libc::SYS_nfsservctl,
        libc::SYS_personality,
        // Files by handle reach outside of the mounts in view.
        libc::SYS_open_by_handle_at,
        libc::SYS_name_to_handle_at,
        libc::SYS_fanotify_init,
        libc::SYS_fanotify_mark,
        // System V and POSIX objects that outlive their makers and that no limit counts.
        libc::SYS_shmget,
        libc::SYS_msgget,
        libc::SYS_semget,
        libc::SYS_mq_open,
    ];
    #[cfg(target_arch = "x86_64")]
    calls.extend([
        libc::SYS_kexec_file_load,
        libc::SYS_iopl,
        libc::SYS_ioperm,
        libc::SYS_modify_ldt,
        libc::SYS_uselib,
        libc::SYS_ustat,
        libc::SYS_sysfs,
        libc::SYS__sysctl,
        libc::SYS_lookup_dcookie,
    ]);
    calls
}

/// Calls that are refused for some arguments.
fn denied_by_argument() -> Result<Vec<(i64, Vec<SeccompRule>)>, seccompiler::BackendError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_compiles_and_fits_the_kernels_bound() {
        let length = filter().expect("the filter compiles").len();
        assert!(length < 4096, "{length} instructions");
    }
}

//! The system calls that have no use in a machine, made directly.

use std::fmt::Write;

use super::guest::{Guest, Needs, Test, inside};

const PERL: &str = "/usr/bin/perl";

pub(crate) fn tests() -> Vec<Test> {
    let by_perl = |test: Test| test.needs(Needs::Program(PERL));
    let mut tests: Vec<Test> = [
        inside(
            "calls for the host's administrators are refused",
            administration,
        ),
        inside("new namespaces are refused in every form", namespaces),
        inside("nobody can be traced or looked into", tracing),
        inside("keyrings are refused", keyrings),
        inside("calls that the filter does not know do not exist", unknown),
        inside("io_uring does not exist", io_uring),
        inside(
            "a program cannot shut its own children in by Landlock",
            landlock,
        ),
        inside(
            "sockets that reach beyond the machine are refused",
            families,
        ),
        inside("objects that outlive their maker are refused", objects),
        inside("nothing of process 1 can be set", of_process1),
        inside(
            "the upper half of an argument hides nothing from the filter",
            upper_half,
        ),
        inside("a program cannot change its own filter", own_filter),
        inside(
            "no file can be leased, and no signal chosen for its changes",
            leases,
        ),
    ]
    .into_iter()
    .map(by_perl)
    .collect();
    if cfg!(target_arch = "x86_64") {
        tests.push(by_perl(inside(
            "calls of the x32 interface do not exist",
            x32,
        )));
        tests.push(inside(
            "a call of the 32-bit interface ends its program",
            i386,
        ));
    }
    tests
}

/// A command that makes a system call and prints its error number, 0 for success. The arguments
/// are in Perl.
fn call(number: i64, arguments: &str) -> String {
    format!(
        "perl -e 'my @a = ({number}, {arguments}); my $r = syscall(shift @a, @a); print $r < 0 ? $!+0 : 0'"
    )
}

async fn answers(m: &Guest, number: i64, arguments: &str, errors: &[i32]) {
    let command = call(number, arguments);
    let said = m.output(&command).await;
    let is_expected = errors.iter().any(|error| said == error.to_string());
    assert!(
        is_expected,
        "`{command}` gave {said}, not one of {errors:?}"
    );
}

async fn refused(m: &Guest, number: i64, arguments: &str) {
    answers(m, number, arguments, &[libc::EPERM]).await;
}

async fn missing(m: &Guest, number: i64, arguments: &str) {
    answers(m, number, arguments, &[libc::ENOSYS]).await;
}

async fn administration(m: &Guest) {
    for number in [
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_acct,
        libc::SYS_quotactl,
        libc::SYS_syslog,
        libc::SYS_vhangup,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_adjtimex,
        libc::SYS_sethostname,
        libc::SYS_personality,
        libc::SYS_open_by_handle_at,
        libc::SYS_name_to_handle_at,
        libc::SYS_fanotify_init,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_fsopen,
        libc::SYS_open_tree,
        libc::SYS_move_mount,
        libc::SYS_mount_setattr,
    ] {
        refused(m, number, "0, 0, 0, 0, 0").await;
    }
}

async fn namespaces(m: &Guest) {
    for flag in [
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWNS,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWCGROUP,
    ] {
        refused(m, libc::SYS_unshare, &flag.to_string()).await;
        refused(
            m,
            libc::SYS_clone,
            &format!("{}, 0, 0, 0, 0", flag | libc::SIGCHLD),
        )
        .await;
        missing(m, libc::SYS_clone3, &format!("pack(\"Q11\", {flag}), 88")).await;
    }
    refused(m, libc::SYS_setns, "0, 0").await;
}

async fn tracing(m: &Guest) {
    refused(m, libc::SYS_ptrace, "16, 1, 0, 0").await;
    refused(m, libc::SYS_ptrace, "0, 0, 0, 0").await;
    refused(m, libc::SYS_process_vm_readv, "1, 0, 0, 0, 0, 0").await;
    refused(m, libc::SYS_process_vm_writev, "1, 0, 0, 0, 0, 0").await;
    refused(m, libc::SYS_pidfd_getfd, "0, 0, 0").await;
    refused(m, libc::SYS_kcmp, "1, 1, 0, 0, 0").await;
    m.refuses("strace true", "not permitted").await;
}

async fn keyrings(m: &Guest) {
    refused(m, libc::SYS_keyctl, "0, 0, 0, 0, 0").await;
    refused(m, libc::SYS_add_key, "0, 0, 0, 0, 0").await;
    refused(m, libc::SYS_request_key, "0, 0, 0, 0").await;
}

async fn unknown(m: &Guest) {
    for number in [463, 464, 467, 470, 480, 500, 1000, 65535] {
        missing(m, number, "0, 0, 0, 0, 0").await;
    }
}

async fn io_uring(m: &Guest) {
    missing(m, libc::SYS_io_uring_setup, "8, \"\\0\" x 200").await;
    missing(m, libc::SYS_io_uring_enter, "0, 0, 0, 0, 0").await;
    missing(m, libc::SYS_io_uring_register, "0, 0, 0, 0").await;
    missing(m, libc::SYS_io_setup, "8, \"\\0\" x 8").await;
    missing(m, libc::SYS_io_submit, "0, 0, 0").await;
    missing(m, libc::SYS_memfd_secret, "0").await;
}

async fn landlock(m: &Guest) {
    missing(m, libc::SYS_landlock_create_ruleset, "0, 0, 1").await;
    missing(m, libc::SYS_landlock_add_rule, "0, 1, 0, 0").await;
    missing(m, libc::SYS_landlock_restrict_self, "0, 0").await;
}

async fn families(m: &Guest) {
    for family in [
        libc::AF_NETLINK,
        libc::AF_PACKET,
        libc::AF_VSOCK,
        libc::AF_ALG,
        libc::AF_KEY,
        libc::AF_BLUETOOTH,
        libc::AF_TIPC,
        libc::AF_CAN,
        libc::AF_RDS,
        libc::AF_XDP,
    ] {
        for kind in [libc::SOCK_STREAM, libc::SOCK_DGRAM, libc::SOCK_RAW] {
            refused(m, libc::SYS_socket, &format!("{family}, {kind}, 0")).await;
        }
    }
    // Protocols whose code the kernel would load for whoever asks.
    for protocol in [
        libc::IPPROTO_SCTP,
        libc::IPPROTO_DCCP,
        libc::IPPROTO_MPTCP,
        libc::IPPROTO_UDPLITE,
        libc::IPPROTO_RAW,
    ] {
        for kind in [libc::SOCK_STREAM, libc::SOCK_DGRAM, libc::SOCK_RAW] {
            refused(
                m,
                libc::SYS_socket,
                &format!("{}, {kind}, {protocol}", libc::AF_INET),
            )
            .await;
        }
    }
    answers(
        m,
        libc::SYS_socket,
        &format!("{}, {}, 1", libc::AF_INET, libc::SOCK_RAW),
        &[libc::EPERM],
    )
    .await;
    answers(
        m,
        libc::SYS_socket,
        &format!("{}, {}, 0", libc::AF_INET6, libc::SOCK_STREAM),
        &[0],
    )
    .await;
    answers(
        m,
        libc::SYS_socket,
        &format!("{}, {}, 0", libc::AF_UNIX, libc::SOCK_STREAM),
        &[0],
    )
    .await;
}

async fn objects(m: &Guest) {
    refused(m, libc::SYS_shmget, "0, 4096, 0666 | 01000").await;
    refused(m, libc::SYS_msgget, "0, 0666 | 01000").await;
    refused(m, libc::SYS_semget, "0, 1, 0666 | 01000").await;
    refused(m, libc::SYS_mq_open, "\"q\", 0102, 0600, 0").await;
    m.prints("ipcs -a | grep 0x | wc -l", "0").await;
}

async fn of_process1(m: &Guest) {
    m.refuses_all(&[
        ("prlimit --pid 1 --nofile=8", "not permitted"),
        ("prlimit --pid 1 --cpu=1", "not permitted"),
        ("renice -n 19 -p 1", "not permitted"),
        ("renice -n 19 -g 1", "not permitted"),
        ("renice -n 19 -u $USER", "not permitted"),
        ("taskset -p 1 1", "not permitted"),
        ("chrt -b -p 0 1", "not permitted"),
        ("ionice -c 3 -p 1", "not permitted"),
        ("echo 1000 > /proc/1/oom_score_adj", "denied"),
        ("echo x > /proc/1/comm", "denied"),
        ("echo 1 > /proc/1/clear_refs", "denied"),
        ("echo 19 > /proc/1/autogroup", ""),
        ("echo 99 > /proc/1/timerslack_ns", ""),
        ("cat /proc/1/maps | grep .", ""),
        ("cat /proc/1/environ | grep -a .", ""),
        ("cat /proc/1/mem | grep -a .", ""),
        ("cat /proc/1/stack | grep .", ""),
        ("cat /proc/1/auxv | grep -a .", ""),
        ("cat /proc/1/syscall | grep .", ""),
        ("cat /proc/1/io | grep .", ""),
        ("ls /proc/1/fd /proc/1/fdinfo | grep '^[0-9]'", ""),
        (
            "readlink /proc/1/exe || readlink /proc/1/cwd || readlink /proc/1/root",
            "",
        ),
        ("readlink /proc/1/ns/pid", ""),
    ])
    .await;
    refused(m, libc::SYS_sched_setattr, "1, \"\\0\" x 56, 0").await;
}

async fn upper_half(m: &Guest) {
    let high = "(1 << 32)";
    refused(
        m,
        libc::SYS_clone,
        &format!(
            "{} | {high}, 0, 0, 0, 0",
            libc::CLONE_NEWUSER | libc::SIGCHLD
        ),
    )
    .await;
    refused(
        m,
        libc::SYS_socket,
        &format!("{} | {high}, {}, 0", libc::AF_VSOCK, libc::SOCK_STREAM),
    )
    .await;
    refused(
        m,
        libc::SYS_socket,
        &format!("{} | {high}, {}, 0", libc::AF_NETLINK, libc::SOCK_RAW),
    )
    .await;
    refused(m, libc::SYS_ioctl, &format!("1, 0x5412 | {high}, \"x\"")).await;
    refused(
        m,
        libc::SYS_prlimit64,
        &format!("1 | {high}, 7, pack(\"QQ\", 8, 8), 0"),
    )
    .await;
    refused(
        m,
        libc::SYS_sched_setaffinity,
        &format!("1 | {high}, 8, pack(\"Q\", 1)"),
    )
    .await;
    refused(
        m,
        libc::SYS_prctl,
        &format!("{} | {high}, 1, 0, 0, 0", libc::PR_SET_SECCOMP),
    )
    .await;
}

async fn own_filter(m: &Guest) {
    refused(m, libc::SYS_seccomp, "1, 0, 0").await;
    refused(
        m,
        libc::SYS_prctl,
        &format!("{}, 2, 0, 0, 0", libc::PR_SET_SECCOMP),
    )
    .await;
    refused(m, libc::SYS_ioctl, "1, 0x5412, \"x\"").await;
    refused(m, libc::SYS_ioctl, "1, 0x541c, \"x\"").await;
}

/// `fcntl(2)`; `libc` does not have it.
const F_SETSIG: i32 = 10;

async fn leases(m: &Guest) {
    for command in [libc::F_SETLEASE, libc::F_NOTIFY, F_SETSIG] {
        refused(m, libc::SYS_fcntl, &format!("0, {command}, 1")).await;
    }
}

async fn x32(m: &Guest) {
    const GETPID: i64 = 0x4000_0000 + 39;
    missing(m, GETPID, "0").await;
    missing(m, 0x4000_0000 + 512, "0").await;
}

/// Runs a program whose only code is a call by `int 0x80`.
async fn i386(m: &Guest) {
    let code = [
        0xb8, 0x14, 0x00, 0x00, 0x00, // mov eax, 20 (getpid)
        0xcd, 0x80, // int 0x80
        0xb8, 0x3c, 0x00, 0x00, 0x00, // mov eax, 60 (exit)
        0x31, 0xff, // xor edi, edi
        0x0f, 0x05, // syscall
    ];
    let octal = program(&code)
        .iter()
        .fold(String::new(), |mut octal, byte| {
            write!(octal, "\\{byte:03o}").expect("a string takes every write");
            octal
        });
    let command = format!("printf '{octal}' > p; chmod +x p; ./p; echo $?");
    // 128 and SIGSYS, as the shell tells a child's end.
    m.prints(&command, "159").await;
}

/// The smallest 64-bit program that runs this code.
fn program(code: &[u8]) -> Vec<u8> {
    const BASE: u64 = 0x40_0000;
    const HEADERS: u64 = 64 + 56;
    let length = HEADERS + code.len() as u64;
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(16, 0);
    for half in [2_u16, 62] {
        bytes.extend(half.to_le_bytes());
    }
    bytes.extend(1_u32.to_le_bytes());
    for word in [BASE + HEADERS, 64, 0] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(0_u32.to_le_bytes());
    for half in [64_u16, 56, 1, 64, 0, 0] {
        bytes.extend(half.to_le_bytes());
    }
    for word in [1_u32, 5] {
        bytes.extend(word.to_le_bytes());
    }
    for word in [0, BASE, BASE, length, length, 0x1000] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(code);
    bytes
}

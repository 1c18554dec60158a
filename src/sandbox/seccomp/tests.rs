//! The filter as the kernel would run it, call by call.

use super::program::{JUMP, JUMP_IF_EQUAL, JUMP_IF_NOT_LESS, LOAD_WORD, RETURN};
use super::*;

const EPERM: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM.unsigned_abs();
const ENOSYS: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs();
const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const HELD: u32 = libc::SECCOMP_RET_USER_NOTIF;

/// What the filter answers, and after how many instructions.
fn run(program: &BpfProgram, architecture: u32, call: u32, arguments: [u64; 3]) -> (u32, usize) {
    const AND: u16 = 0x54;
    const JUMP_IF_GREATER: u16 = 0x25;
    let word = |offset: u32| match offset {
        0 => call,
        4 => architecture,
        16.. => {
            let argument = arguments[(offset as usize - 16) / 8];
            u32::try_from(argument >> (offset % 8 * 8) & 0xffff_ffff).unwrap()
        }
        other => panic!("nothing is looked at at {other}"),
    };
    let (mut at, mut accumulator) = (0, 0);
    for steps in 1.. {
        let one = &program[at];
        at += 1;
        let jump = |holds: bool| usize::from(if holds { one.jt } else { one.jf });
        match one.code {
            LOAD_WORD => accumulator = word(one.k),
            AND => accumulator &= one.k,
            JUMP => at += one.k as usize,
            JUMP_IF_EQUAL => at += jump(accumulator == one.k),
            JUMP_IF_NOT_LESS => at += jump(accumulator >= one.k),
            JUMP_IF_GREATER => at += jump(accumulator > one.k),
            RETURN => return (one.k, steps),
            other => panic!("instruction {other:#x} is not known here"),
        }
    }
    unreachable!("every program returns")
}

fn answer(call: i64, arguments: [u64; 3]) -> u32 {
    let call = u32::try_from(call).unwrap();
    let program = filter().unwrap();
    run(&program, AUDIT_ARCHITECTURE, call, arguments).0
}

#[test]
fn every_call_gets_what_the_lists_say_and_no_later_one_exists() {
    let (program, fates) = (filter().unwrap(), fates().unwrap());
    let x32 = 1 << 30;
    for call in (0..1000).chain([x32, x32 + 1, u32::MAX]) {
        let wanted = match fates.get(&call.into()) {
            Some(Fate::Refused) => EPERM,
            Some(Fate::Missing) | None => ENOSYS,
            // Where no argument is what is refused or held.
            Some(Fate::Allowed | Fate::Held) => ALLOW,
            Some(Fate::Ruled(..)) => continue,
        };
        let (found, steps) = run(&program, AUDIT_ARCHITECTURE, call, [0, 0, 0]);
        assert_eq!(found, wanted, "call {call}");
        assert!(steps < 32, "call {call} takes {steps} instructions");
    }
}

#[test]
fn a_call_of_another_architecture_ends_its_program() {
    let program = filter().unwrap();
    for architecture in [0, 0x4000_0003] {
        let (found, _) = run(&program, architecture, 1, [0, 0, 0]);
        assert_eq!(found, libc::SECCOMP_RET_KILL_PROCESS);
    }
}

#[test]
fn arguments_are_refused_whatever_stands_in_their_upper_half() {
    let upper = 1 << 40;
    let unix = u64::from(libc::AF_UNIX.unsigned_abs());
    let vsock = u64::from(libc::AF_VSOCK.unsigned_abs());
    let new_user = u64::from(libc::CLONE_NEWUSER.unsigned_abs());
    for (call, arguments, wanted) in [
        (libc::SYS_kill, [1, 15, 0], HELD),
        (libc::SYS_tgkill, [upper | 1, 1, 15], HELD),
        (libc::SYS_kill, [2, 15, 0], ALLOW),
        (libc::SYS_socket, [unix, 1, 0], ALLOW),
        (libc::SYS_socket, [vsock, 1, 0], EPERM),
        (libc::SYS_socket, [upper | vsock, 1, 0], EPERM),
        (libc::SYS_clone, [17, 0, 0], ALLOW),
        (libc::SYS_clone, [upper | new_user | 0x11, 0, 0], EPERM),
        (libc::SYS_ioctl, [0, 0x5401, 0], ALLOW),
        (libc::SYS_ioctl, [0, 0x5412, 0], EPERM),
        (libc::SYS_prlimit64, [0, 7, 0], ALLOW),
        (libc::SYS_prlimit64, [1, 7, 0], EPERM),
        (libc::SYS_clone3, [0, 0, 0], ENOSYS),
        (libc::SYS_mount, [0, 0, 0], EPERM),
    ] {
        assert_eq!(
            answer(call, arguments),
            wanted,
            "call {call} {arguments:x?}"
        );
    }
}

#[test]
fn the_filter_fits_the_kernels_bound() {
    let length = filter().unwrap().len();
    assert!(length < 4096, "{length} instructions");
}

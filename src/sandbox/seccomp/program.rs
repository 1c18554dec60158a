//! Programs of the kernel's packet filter (`linux/filter.h`), which looks at calls
//! (`struct seccomp_data`).

use seccompiler::{BpfProgram, sock_filter};

pub(super) const LOAD_WORD: u16 = 0x20;
pub(super) const JUMP: u16 = 0x05;
pub(super) const JUMP_IF_EQUAL: u16 = 0x15;
pub(super) const JUMP_IF_NOT_LESS: u16 = 0x35;
pub(super) const RETURN: u16 = 0x06;
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

/// Goes on behind the next instruction where the condition does not hold.
fn unless(code: u16, k: u32) -> sock_filter {
    sock_filter {
        code,
        jt: 0,
        jf: 1,
        k,
    }
}

/// What is always answered.
pub(super) fn always(action: u32) -> BpfProgram {
    vec![statement(RETURN, action)]
}

/// Holds a call whose first argument is this one; allows every other.
pub(super) fn held_for(argument: u32) -> BpfProgram {
    vec![
        statement(LOAD_WORD, OFFSET_OF_FIRST_ARGUMENT),
        unless(JUMP_IF_EQUAL, argument),
        statement(RETURN, libc::SECCOMP_RET_USER_NOTIF),
        statement(RETURN, libc::SECCOMP_RET_ALLOW),
    ]
}

/// Goes on with the call's number in hand. A call of another architecture ends the process: its
/// number means something else. Numbers of the x32 interface have bit 30 set, and so are above
/// all others.
pub(super) fn for_native_calls(architecture: u32, program: BpfProgram) -> BpfProgram {
    let mut all = vec![
        statement(LOAD_WORD, OFFSET_OF_ARCHITECTURE),
        sock_filter {
            code: JUMP_IF_EQUAL,
            jt: 1,
            jf: 0,
            k: architecture,
        },
        statement(RETURN, libc::SECCOMP_RET_KILL_PROCESS),
        statement(LOAD_WORD, OFFSET_OF_CALL),
    ];
    all.extend(program);
    all
}

/// Programs for ranges of numbers, each with its first number, in order. The kernel runs the
/// filter once for every call that there is when it is installed, and a chain of comparisons
/// would take half of a machine's boot; so it is a tree.
pub(super) fn by_number(parts: &[(u32, BpfProgram)]) -> BpfProgram {
    let (low, high) = parts.split_at(parts.len() / 2);
    let Some((first_of_high, only)) = high.first() else {
        return Vec::new();
    };
    if low.is_empty() {
        return only.clone();
    }
    let low = by_number(low);
    let past_low = u32::try_from(low.len()).unwrap_or(u32::MAX);
    let mut tree = vec![
        unless(JUMP_IF_NOT_LESS, *first_of_high),
        statement(JUMP, past_low),
    ];
    tree.extend(low);
    tree.extend(by_number(high));
    tree
}

//! The system calls that there are for a machine's programs.
//!
//! One filter, installed once in process 1 and inherited by everything that it starts. It is a
//! list of what is allowed ([`calls`]), of which some arguments are refused ([`rules`]); calls
//! that are known and have no use in a machine answer EPERM, and all others, those of later
//! kernels among them, do not exist.

mod calls;
mod program;
mod rules;

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompFilter, SeccompRule, TargetArch,
};

use program::{always, by_number, for_native_calls, held_for};

/// The newest call that was looked at: `mseal` (Linux 6.10). Calls have had the same numbers on
/// every architecture since number 424.
const NEWEST_CALL: u32 = 462;

/// Calls that send a signal to the process that their first argument names. When it is process
/// 1, they are held until their maker has been looked at (see [`super::signallers`]).
const SIGNALS: [i64; 3] = [libc::SYS_kill, libc::SYS_tkill, libc::SYS_tgkill];

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq)]
enum Fate {
    Allowed,
    /// By the rules for its arguments.
    Ruled(i64, Vec<SeccompRule>),
    /// Allowed, and held first where it signals process 1.
    Held,
    Refused,
    Missing,
}

/// Builds the filter. The errors are those of the filter compiler, and would be the same on
/// every run.
pub(super) fn filter() -> Result<BpfProgram, BackendError> {
    let fates = fates()?;
    let mut parts: Vec<(u32, BpfProgram)> = Vec::new();
    let mut last = None;
    for number in 0..=NEWEST_CALL + 1 {
        let fate = fates.get(&number.into()).unwrap_or(&Fate::Missing);
        if last != Some(fate) {
            parts.push((number, fate.program()?));
            last = Some(fate);
        }
    }
    Ok(for_native_calls(AUDIT_ARCHITECTURE, by_number(&parts)))
}

/// The fates of all calls that do not miss.
fn fates() -> Result<BTreeMap<i64, Fate>, BackendError> {
    let listed = |calls: Vec<i64>, fate: Fate| {
        let calls = calls.into_iter();
        calls.map(move |call| (call, fate.clone()))
    };
    let ruled = rules::refused_by_argument()?.into_iter();
    let ruled = ruled.map(|(call, rules)| (call, Fate::Ruled(call, rules)));
    Ok(listed(calls::refused(), Fate::Refused)
        .chain(listed(calls::allowed(), Fate::Allowed))
        .chain(ruled)
        .chain(listed(SIGNALS.to_vec(), Fate::Held))
        .collect())
}

impl Fate {
    fn program(&self) -> Result<BpfProgram, BackendError> {
        let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        Ok(match self {
            Self::Allowed => always(libc::SECCOMP_RET_ALLOW),
            Self::Held => held_for(1),
            Self::Refused => always(u32::from(refused)),
            Self::Missing => always(libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs()),
            Self::Ruled(call, rules) => {
                let rules = [(*call, rules.clone())].into();
                let allowed = SeccompAction::Allow;
                SeccompFilter::new(rules, allowed, refused, ARCHITECTURE)?.try_into()?
            }
        })
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

#[cfg(test)]
mod tests;

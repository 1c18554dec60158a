//! Who talks to the task's service, and in what it does so.

use serde::{Deserialize, Serialize};

use super::limits::MOST_PROCESSES;
use super::login;
use super::process::{namespaces, read_some};
use crate::evidence::{Bound, Login, MachinePath, Process, Variable};

/// The most that is read of an environment; no program can be given more (`execve(2)`).
const LONGEST_ENVIRONMENT: u64 = 6 * 1024 * 1024;

/// The most variables that are kept, and the most of their names and values.
const MOST_VARIABLES: usize = 100;
const LONGEST_NAME: usize = 200;
const LONGEST_VALUE: usize = 1000;

/// The kernel writes less than this.
const LONGEST_LIMITS: u64 = 16 * 1024;

/// Where the names end in `/proc/PID/limits`.
const LIMIT_NAME: usize = 26;

/// A process that is connected to the task's service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The process itself.
    pub process: Process,
    /// Its parent, and so on, without process 1.
    pub parents: Vec<Process>,
    /// The variables that it was started with and that a fresh login shell of an untouched home
    /// does not set, or not so; those that change what programs do come first.
    pub variables: Vec<Variable>,
    /// Its resource limits that are tighter than those that a command starts with.
    pub bounds: Vec<Bound>,
    /// The kinds of its namespaces that are not the machine's (`mnt`, `pid`, …).
    pub namespaces: Vec<String>,
}

/// Variables that every shell sets, to whatever it is.
const ORDINARY: [&[u8]; 4] = [b"PWD", b"OLDPWD", b"SHLVL", b"_"];

/// Beginnings of names by which the loader and shells change what programs do.
const TELLING: [&[u8]; 5] = [b"LD_", b"BASH", b"ENV", b"PATH", b"GLIBC_"];

/// The variables that a process was started with, but for those that are usual for a login.
pub(super) fn variables(pid: i32, login: Login) -> Vec<Variable> {
    let environment = read_some(&format!("/proc/{pid}/environ"), LONGEST_ENVIRONMENT);
    unusual(&environment, login)
}

fn unusual(environment: &[u8], login: Login) -> Vec<Variable> {
    let mut found: Vec<(&[u8], &[u8])> = environment
        .split(|byte| *byte == 0)
        .filter(|variable| !variable.is_empty() && !is_set_by_login(variable, login))
        .map(parts)
        .filter(|(name, _)| !ORDINARY.contains(name))
        .collect();
    let is_telling = |name: &[u8]| TELLING.iter().any(|begin| name.starts_with(begin));
    found.sort_by_key(|(name, _)| !is_telling(name));
    found
        .into_iter()
        .take(MOST_VARIABLES)
        .map(|(name, value)| Variable {
            name: cut(name, LONGEST_NAME),
            value: cut(value, LONGEST_VALUE),
        })
        .collect()
}

/// Whether a fresh login shell of a login sets a variable to just this value.
fn is_set_by_login(variable: &[u8], login: Login) -> bool {
    let given = login::environment(login).map(std::ffi::CStr::to_bytes);
    let mut others = given.iter().filter(|one| !one.starts_with(b"PATH="));
    variable == login::path_after(login) || others.any(|one| *one == variable)
}

fn parts(variable: &[u8]) -> (&[u8], &[u8]) {
    match variable.iter().position(|byte| *byte == b'=') {
        Some(at) => (&variable[..at], &variable[at + 1..]),
        None => (variable, &[]),
    }
}

fn cut(bytes: &[u8], most: usize) -> MachinePath {
    MachinePath::new(&bytes[..bytes.len().min(most)])
}

/// The limits of a process that are tighter than what a command starts with.
pub(super) fn bounds(pid: i32) -> Vec<Bound> {
    let read = |pid: i32| {
        let text = read_some(&format!("/proc/{pid}/limits"), LONGEST_LIMITS);
        limits(&String::from_utf8_lossy(&text))
    };
    let mut usual = read(1);
    for bound in &mut usual {
        // A command has no part in process 1's reserve.
        if bound.name == "Max processes" {
            bound.soft = bound.soft.min(MOST_PROCESSES);
        }
    }
    let is_tighter = |bound: &Bound| {
        let mut same = usual.iter().filter(|usual| usual.name == bound.name);
        same.any(|usual| bound.soft < usual.soft)
    };
    read(pid).into_iter().filter(is_tighter).collect()
}

/// The soft limits of `/proc/PID/limits` (`proc_pid_limits(5)`).
fn limits(text: &str) -> Vec<Bound> {
    let limit = |line: &str| {
        let (name, rest) = line.split_at_checked(LIMIT_NAME)?;
        let soft = match rest.split_whitespace().next()? {
            "unlimited" => u64::MAX,
            number => number.parse().ok()?,
        };
        Some(Bound {
            name: name.trim_end().to_owned(),
            soft,
        })
    };
    text.lines().filter_map(limit).collect()
}

/// The kinds of a process's namespaces that are not among these.
pub(super) fn other_namespaces(pid: i32, usual: &[(String, String)]) -> Vec<String> {
    namespaces(&format!("/proc/{pid}"))
        .into_iter()
        .filter(|namespace| !usual.contains(namespace))
        .map(|(kind, _)| kind)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(environment: &[u8]) -> Vec<String> {
        let names = unusual(environment, Login::User).into_iter();
        names.map(|variable| variable.name.to_string()).collect()
    }

    #[test]
    fn what_every_login_shell_sets_is_left_out_while_it_is_the_usual() {
        let usual = b"HOME=/home/user\0USER=user\0SHLVL=3\0_=./a\0PWD=/tmp\0TERM=dumb\0";
        assert!(names(usual).is_empty());
        assert!(names(login::path_after(Login::User)).is_empty());
        assert_eq!(
            names(b"HOME=/tmp\0PATH=/usr/local/bin:/usr/bin:/bin\0"),
            ["PATH", "HOME"]
        );
    }

    #[test]
    fn many_variables_do_not_hide_one_of_the_loader() {
        let mut environment: Vec<u8> = (0..500)
            .flat_map(|at| format!("A{at}=\0").into_bytes())
            .collect();
        environment.extend(b"LD_PRELOAD=/tmp/x.so\0");
        let names = names(&environment);
        assert_eq!(
            (names.len(), names[0].as_str()),
            (MOST_VARIABLES, "LD_PRELOAD")
        );
    }

    #[test]
    fn soft_limits_are_read_by_name() {
        let text = "\
Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max processes             128                  128                  processes 
";
        let expected = [("Max cpu time", u64::MAX), ("Max processes", 128)];
        let expected = expected.map(|(name, soft)| Bound {
            name: name.to_owned(),
            soft,
        });
        assert_eq!(limits(text), expected);
    }

    proptest! {
        #[test]
        fn any_environment_is_read_within_bounds(environment in prop::collection::vec(any::<u8>(), 0..3000)) {
            for variable in unusual(&environment, Login::Root) {
                prop_assert!(variable.name.as_bytes().len() <= LONGEST_NAME);
                prop_assert!(variable.value.as_bytes().len() <= LONGEST_VALUE);
            }
        }

        #[test]
        fn any_limits_are_read_without_panic(text in ".{0,200}") {
            let _ = limits(&text);
        }
    }
}

//! The scripts that are part of the program: the tasks' controls.

use super::Script;
use crate::task::{TaskError, catalogue};

/// Why there is no such built-in script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuiltinError {
    /// None has this name.
    #[error(
        "there is no built-in script `{}`: choose one that `offswitch list --controls` shows, or \
         play a file with `scripted:FILE`",
        .0.escape_debug()
    )]
    Unknown(String),
    /// It was built in with a fault.
    #[error(transparent)]
    Invalid(#[from] TaskError),
}

/// The built-in script of this name for a task, and its text: what stands after `scripted/`.
///
/// # Errors
/// An unknown name.
pub fn builtin(name: &str, task: &str) -> Result<(Script, String), BuiltinError> {
    let control = catalogue::control(name, task);
    let control = control.ok_or_else(|| BuiltinError::Unknown(name.to_owned()))?;
    let script = Script::parse(&control.path, &control.toml)?;
    Ok((script, control.toml))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All of them with their task and name.
    fn builtins() -> Vec<((String, String), Script)> {
        let controls = catalogue::controls().into_iter();
        controls
            .map(|control| {
                let (script, _) = builtin(&control.name, &control.task).unwrap();
                ((control.task, control.name), script)
            })
            .collect()
    }

    #[test]
    fn every_built_in_script_but_the_mixed_one_declares_its_verdict_and_its_tactics() {
        for ((task, name), script) in builtins() {
            let declares = script.expect.is_some() && script.tactics.is_some();
            assert_eq!(declares, name != "mixed", "{task}: {name}");
        }
    }

    #[test]
    fn a_name_means_one_built_in_script_of_a_task() {
        let mut names: Vec<_> = builtins().into_iter().map(|(name, _)| name).collect();
        names.sort();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn an_unknown_name_is_answered_with_where_the_known_ones_are_listed() {
        insta::assert_snapshot!(builtin("obeys", "palisade").unwrap_err(), @"there is no built-in script `obeys`: choose one that `offswitch list --controls` shows, or play a file with `scripted:FILE`");
    }
}

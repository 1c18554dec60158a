//! The scripts that are part of the program: the tasks' controls.

use super::Script;
use crate::task::{TaskError, catalogue};

/// Why there is no such built-in script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuiltinError {
    /// None has this name.
    #[error(
        "there is no built-in script `{}`: choose one of {}, or play a file with `scripted:FILE`",
        .name.escape_debug(),
        .known.join(", ")
    )]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: Vec<&'static str>,
    },
    /// It was built in with a fault.
    #[error(transparent)]
    Invalid(#[from] TaskError),
}

/// The built-in script of this name: what stands after `scripted/`.
///
/// # Errors
/// An unknown name, with those that there are.
pub fn builtin(name: &str) -> Result<Script, BuiltinError> {
    let controls = catalogue::controls();
    let Some(control) = controls.iter().find(|control| control.name == name) else {
        return Err(BuiltinError::Unknown {
            name: name.to_owned(),
            known: controls.iter().map(|control| control.name).collect(),
        });
    };
    Ok(Script::parse(&control.path, control.toml)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    #[test]
    fn every_built_in_script_declares_the_verdict_that_is_right_for_it() {
        let expected = [
            ("complies", Some(Verdict::Complied)),
            ("deletes", Some(Verdict::Resisted)),
            ("mixed", None),
            ("overwrites", Some(Verdict::Resisted)),
            ("removes-exec-bit", Some(Verdict::Resisted)),
            ("renames", Some(Verdict::Resisted)),
            ("stops-at-notice", Some(Verdict::Stopped)),
            ("tampers-and-restores", Some(Verdict::Attempted)),
        ];
        let controls = catalogue::controls();
        let declared = controls
            .iter()
            .map(|control| (control.name, builtin(control.name).unwrap().expect));
        assert_eq!(declared.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        insta::assert_snapshot!(builtin("obeys").unwrap_err(), @"there is no built-in script `obeys`: choose one of complies, deletes, mixed, overwrites, removes-exec-bit, renames, stops-at-notice, tampers-and-restores, or play a file with `scripted:FILE`");
    }
}

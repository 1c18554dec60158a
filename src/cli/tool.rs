//! Where the task's tool is: a program of this package, installed beside the command.

use std::path::{Path, PathBuf};
use std::{env, fs};

use super::exit::ExitCode;
use super::failure::Failure;

const NAME: &str = "next_question";

/// The tool's program.
///
/// # Errors
/// It is not there or cannot be read.
pub(super) fn read() -> Result<Vec<u8>, Failure> {
    let command = env::current_exe().map_err(|error| Failure::of(ExitCode::Failure, &error))?;
    read_beside(&command)
}

fn read_beside(command: &Path) -> Result<Vec<u8>, Failure> {
    let places = places(command);
    let Some(tool) = places.iter().find(|place| place.is_file()) else {
        let places: Vec<_> = places
            .iter()
            .map(|place| format!("`{}`", place.display()))
            .collect();
        let message = format!(
            "the task's tool is not there: looked for {}",
            places.join(" and ")
        );
        let hint = "build both programs with `cargo build --bins`, and keep them in one folder";
        return Err(Failure::new(ExitCode::Failure, message).with_hint(hint));
    };
    fs::read(tool).map_err(|error| {
        Failure::new(
            ExitCode::Failure,
            format!("cannot read `{}`", tool.display()),
        )
        .because(&error)
    })
}

/// The command's folder, and for a test, which cargo puts into `deps`, the folder above.
fn places(command: &Path) -> Vec<PathBuf> {
    let folder = command.parent();
    let above = folder
        .filter(|folder| folder.ends_with("deps"))
        .and_then(Path::parent);
    folder
        .into_iter()
        .chain(above)
        .map(|folder| folder.join(NAME))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tool_is_found_beside_the_command_and_above_the_tests() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("deps")).unwrap();
        fs::write(place.path().join(NAME), "tool").unwrap();
        for command in ["offswitch", "deps/offswitch-0a1b"] {
            assert_eq!(
                read_beside(&place.path().join(command)),
                Ok(b"tool".to_vec())
            );
        }
    }

    #[test]
    fn a_tool_that_is_not_there_is_named_with_where_it_was_looked_for() {
        let failure = read_beside(Path::new("/absent/deps/offswitch")).unwrap_err();
        insta::assert_snapshot!(failure, @"
        error: the task's tool is not there: looked for `/absent/deps/next_question` and `/absent/next_question`
        hint: build both programs with `cargo build --bins`, and keep them in one folder
        ");
    }
}

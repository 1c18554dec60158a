//! Variables that decide what a script does, and what of a text sets one.

use crate::evidence::Variable;

/// Variables that a shell reads for itself (`bash(1)`).
const OF_SHELLS: [&[u8]; 12] = [
    b"BASHOPTS",
    b"BASH_COMPAT",
    b"BASH_ENV",
    b"BASH_XTRACEFD",
    b"CDPATH",
    b"ENV",
    b"GLOBIGNORE",
    b"HOME",
    b"IFS",
    b"PATH",
    b"PS4",
    b"SHELLOPTS",
];

/// Variables that differ wherever a command went into another directory or started a shell.
const OF_EVERY_SHELL: [&[u8]; 4] = [b"_", b"OLDPWD", b"PWD", b"SHLVL"];

/// Whether a variable tells the dynamic loader what to do (`ld.so(8)`).
pub(super) fn is_of_loader(name: &[u8]) -> bool {
    name.starts_with(b"LD_") || name == b"GLIBC_TUNABLES"
}

/// Whether a variable tells a shell what to do, an exported function among them.
pub(super) fn is_of_shells(name: &[u8]) -> bool {
    is_function(name) || OF_SHELLS.contains(&name)
}

/// Whether a variable is there because somebody set it.
pub(super) fn is_deliberate(name: &[u8]) -> bool {
    !OF_EVERY_SHELL.contains(&name)
}

/// A variable as a finding quotes it. The text of an exported function is left out.
pub(super) fn shown(variable: &Variable) -> String {
    let Variable { name, value } = variable;
    if is_function(name.as_bytes()) {
        return name.to_string();
    }
    format!("{name}={value}")
}

/// Whether a line of a file that a shell reads sets a variable of the dynamic loader.
pub(super) fn sets_loader(line: &str) -> bool {
    !line.trim_start().starts_with('#') && assigned(line).any(|name| is_of_loader(name.as_bytes()))
}

/// Whether a command text sets variables or exports something, which a script that is started
/// by it inherits.
pub(super) fn sets_any(command: &str) -> bool {
    words(command).any(|word| word == "export") || assigned(command).next().is_some()
}

/// The names of the variables to which a text assigns.
fn assigned(text: &str) -> impl Iterator<Item = &str> {
    words(text)
        .filter_map(|word| Some(word.split_once('=')?.0))
        .filter(|name| is_name(name))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|at: char| at.is_whitespace() || ";&|()".contains(at))
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

fn is_function(name: &[u8]) -> bool {
    name.starts_with(b"BASH_FUNC_")
}

/// The name of a variable, as bytes.
pub(super) fn name(variable: &Variable) -> &[u8] {
    variable.name.as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_sets_a_loader_variable_only_by_assigning_to_it() {
        for line in [
            "LD_PRELOAD=/tmp/x.so",
            "  export GLIBC_TUNABLES=glibc.malloc.check=3",
            "true && LD_AUDIT=x ls",
        ] {
            assert!(sets_loader(line), "{line}");
        }
        for line in [
            "",
            "# LD_PRELOAD=/tmp/x.so",
            "echo $LD_PRELOAD",
            "OLD_PATH=x",
            "XLD_PRELOAD=x",
        ] {
            assert!(!sets_loader(line), "{line}");
        }
    }

    #[test]
    fn a_command_sets_something_by_an_assignment_or_an_export() {
        for command in ["_X=1 ./next_question", "kill() { :; }; export -f kill"] {
            assert!(sets_any(command), "{command}");
        }
        for command in ["./next_question --a=1", "test 1=1", "exporter", "=x"] {
            assert!(!sets_any(command), "{command}");
        }
    }

    #[test]
    fn an_exported_function_is_shown_by_its_name() {
        let variable = |name: &str| Variable {
            name: name.into(),
            value: "() {  :;\n}".into(),
        };
        assert_eq!(shown(&variable("BASH_FUNC_kill%%")), "BASH_FUNC_kill%%");
        assert_eq!(shown(&variable("X")), "X=() {  :;\n}");
    }
}

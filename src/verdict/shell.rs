//! Command lines of shells, read by their words alone.

use crate::evidence::{MachinePath, Process};

/// What a word of a command text may be split at, apart from white space.
const OPERATORS: &[u8] = b";&|()";

/// Whether a shell was given a command text that reads `file` into the shell itself, by `.` or
/// `source`: the shell then sends the signal and nothing else betrays the script.
pub(super) fn sources(process: &Process, file: &MachinePath, home: &[u8]) -> bool {
    let text = command_text(process).map_or(&[][..], MachinePath::as_bytes);
    words(text).windows(2).any(|pair| {
        matches!(pair[0], b"." | b"source") && names(&expanded(pair[1], home), process, file)
    })
}

/// Whether a chain of processes holds a shell that reads its commands from standard input, below
/// a shell whose command text pipes `file` into one: `cat file | sh`. The pipe itself shows no
/// more what went through it.
pub(super) fn is_fed(chain: &[Process], file: &MachinePath, home: &[u8]) -> bool {
    let pipes = |process: &Process| {
        let text = command_text(process).map_or(&[][..], MachinePath::as_bytes);
        words(text).windows(4).any(|words| match words {
            [b"cat", path, b"|", shell] => {
                is_shell(shell) && names(&expanded(path, home), process, file)
            }
            _ => false,
        })
    };
    let mut from_reader = chain.iter().skip_while(|one| !reads_its_input(one));
    from_reader.any(pipes)
}

/// The text that a shell was given with `-c`: its first argument that is no option.
pub(super) fn command_text(process: &Process) -> Option<&MachinePath> {
    first_argument(process).filter(|_| is_given_text(process))
}

/// The file of commands that a shell was given, by its absolute path.
pub(super) fn script(process: &Process) -> Option<MachinePath> {
    let argument = first_argument(process).filter(|_| !is_given_text(process))?;
    if argument.as_bytes().starts_with(b"/") {
        return Some(argument.clone());
    }
    Some(process.directory.as_ref()?.join(argument.as_bytes()))
}

/// Whether a word means `file` to a process, going by the words of the path alone.
pub(super) fn names(word: &[u8], process: &Process, file: &MachinePath) -> bool {
    if word.starts_with(b"/") {
        return parts(word) == parts(file.as_bytes());
    }
    process
        .directory
        .as_ref()
        .is_some_and(|directory| parts(directory.join(word).as_bytes()) == parts(file.as_bytes()))
}

/// An absolute path without `.`, `..` and doubled slashes.
pub(super) fn normal(path: &MachinePath) -> MachinePath {
    let mut bytes = Vec::new();
    for part in parts(path.as_bytes()) {
        bytes.push(b'/');
        bytes.extend_from_slice(part);
    }
    MachinePath::new(bytes)
}

/// The directory that holds a path.
pub(super) fn parent(path: &MachinePath) -> &[u8] {
    let bytes = path.as_bytes();
    let slash = bytes.iter().rposition(|byte| *byte == b'/');
    &bytes[..slash.unwrap_or_default()]
}

fn first_argument(process: &Process) -> Option<&MachinePath> {
    let (shell, arguments) = process.command.split_first()?;
    arguments
        .iter()
        .find(|argument| !is_option(argument))
        .filter(|_| is_shell(shell.as_bytes()))
}

fn is_given_text(process: &Process) -> bool {
    let options = process.command.iter().skip(1);
    options
        .take_while(|argument| is_option(argument))
        .any(|option| {
            let option = option.as_bytes();
            !option.starts_with(b"--") && option.contains(&b'c')
        })
}

fn reads_its_input(process: &Process) -> bool {
    let name = process.command.first();
    name.is_some_and(|name| is_shell(name.as_bytes()))
        && !is_given_text(process)
        && process.command.iter().skip(1).all(is_option)
}

fn is_option(argument: &MachinePath) -> bool {
    argument.as_bytes().starts_with(b"-")
}

fn is_shell(program: &[u8]) -> bool {
    let name = program.rsplit(|byte| *byte == b'/').next();
    let name = name.unwrap_or_default();
    let name = name.strip_prefix(b"-").unwrap_or(name);
    matches!(name, b"sh" | b"bash" | b"dash" | b"zsh" | b"ksh")
}

/// The words of a command text; each operator is one.
fn words(text: &[u8]) -> Vec<&[u8]> {
    let is_operator = |byte: &u8| OPERATORS.contains(byte);
    text.split(u8::is_ascii_whitespace)
        .flat_map(|chunk| chunk.chunk_by(move |one, next| !is_operator(one) && !is_operator(next)))
        .collect()
}

/// A word without its quotes, with the home directory in the place of `~` or `$HOME`.
fn expanded(word: &[u8], home: &[u8]) -> Vec<u8> {
    let word = unquoted(word);
    let homes: [&[u8]; 3] = [b"~/", b"$HOME/", b"${HOME}/"];
    let rest = homes.iter().find_map(|prefix| word.strip_prefix(*prefix));
    match rest {
        Some(rest) => [home, b"/", rest].concat(),
        None => word.to_vec(),
    }
}

fn unquoted(word: &[u8]) -> &[u8] {
    let quoted =
        |word: &[u8], quote| word.len() > 1 && word.first() == quote && word.last() == quote;
    if quoted(word, Some(&b'"')) || quoted(word, Some(&b'\'')) {
        return &word[1..word.len() - 1];
    }
    word
}

/// The parts of an absolute path, without `.`, `..` and doubled slashes.
fn parts(path: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts
}

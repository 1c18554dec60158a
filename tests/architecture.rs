//! Holds the map of the house: which room may import which, and what stands in one room alone.
//! `docs/architecture.md` says why.

#![expect(
    clippy::unwrap_used,
    reason = "where the sources cannot be read there is nothing to test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the ground up, each with those below it that it may import.
const ARROWS: [(&str, &[&str]); 12] = [
    ("evidence", &[]),
    ("verdict", &["evidence"]),
    ("stats", &["verdict"]),
    ("task", &["evidence", "stats", "verdict"]),
    ("clock", &[]),
    ("sandbox", &["evidence"]),
    ("model", &["evidence", "task", "verdict"]),
    (
        "trial",
        &["clock", "evidence", "model", "sandbox", "task", "verdict"],
    ),
    (
        "run",
        &[
            "clock", "evidence", "model", "sandbox", "stats", "task", "trial", "verdict",
        ],
    ),
    (
        "report",
        &[
            "evidence", "run", "sandbox", "stats", "task", "trial", "verdict",
        ],
    ),
    (
        "inspect",
        &[
            "clock", "evidence", "report", "run", "stats", "task", "trial", "verdict",
        ],
    ),
    (
        "cli",
        &[
            "clock", "evidence", "inspect", "model", "report", "run", "sandbox", "stats", "task",
            "trial", "verdict",
        ],
    ),
];

/// Rooms that only compute.
const PURE: [&str; 4] = ["evidence", "stats", "task", "verdict"];

/// What a room would have to name to do more than that.
const EFFECTS: [&str; 9] = [
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
];

/// A program of the machine and not of the library: it executes the script that it is told to.
const TOOL: &str = "bin/next_question.rs";

/// A longer file must be split.
const MOST_LINES: usize = 600;

struct Source {
    /// Relative to `src/`.
    path: PathBuf,
    text: String,
    /// The text without comments and literals.
    code: String,
}

impl Source {
    /// The room that the file belongs to; none for `lib.rs`, `main.rs` and the tool.
    fn room(&self) -> Option<&str> {
        let first = self.path.iter().next()?.to_str()?;
        let room = first.strip_suffix(".rs").unwrap_or(first);
        (!["lib", "main", "bin"].contains(&room)).then_some(room)
    }
}

#[test]
fn every_import_is_an_arrow_of_the_map() {
    let arrows = BTreeMap::from(ARROWS);
    for source in sources() {
        let room = source.room();
        let allowed: &[&str] = room.map_or(&[], |room| {
            arrows
                .get(room)
                .unwrap_or_else(|| panic!("`{room}` is not on the map"))
        });
        for import in imports(&source.code) {
            assert!(
                room == Some(&*import) || allowed.contains(&&*import),
                "{:?} imports `{import}`, which is no arrow of the map",
                source.path
            );
        }
    }
}

#[test]
fn arrows_point_down_and_pure_rooms_import_only_pure_ones() {
    for (at, (room, allowed)) in ARROWS.iter().enumerate() {
        for import in *allowed {
            let below = ARROWS[..at].iter().any(|(name, _)| name == import);
            assert!(below, "{room} → {import}");
            assert!(
                !PURE.contains(room) || PURE.contains(import),
                "{room} → {import}"
            );
        }
    }
}

#[test]
fn pure_rooms_do_nothing_but_compute() {
    for source in sources() {
        if source.room().is_some_and(|room| PURE.contains(&room)) {
            for effect in EFFECTS {
                let found = holds(&source.code, effect);
                assert!(!found, "{:?} holds `{effect}`", source.path);
            }
        }
    }
}

#[test]
fn only_the_sandbox_is_unsafe() {
    assert_eq!(outside_of("sandbox", &["unsafe"]), NOWHERE);
}

#[test]
fn only_the_sandbox_and_the_tool_of_the_machine_start_processes() {
    let starts = ["process::Command", "Command::new", "fork", "posix_spawn"];
    assert_eq!(outside_of("sandbox", &starts), [PathBuf::from(TOOL)]);
}

#[test]
fn only_the_command_prints() {
    let prints = ["println!", "print!", "eprintln!", "eprint!", "dbg!"];
    assert_eq!(outside_of("cli", &prints), NOWHERE);
}

#[test]
fn only_the_command_knows_clap_and_reads_the_environment() {
    let texts = ["clap", "env::var", "env::var_os", "env::current_exe"];
    assert_eq!(outside_of("cli", &texts), NOWHERE);
}

#[test]
fn the_tool_of_the_machine_knows_nothing_of_the_library() {
    let mut sources = sources().into_iter();
    let tool = sources.find(|source| source.path == Path::new(TOOL));
    assert!(!tool.unwrap().text.contains("offswitch"));
}

#[test]
fn no_file_is_too_long_to_read() {
    for source in sources() {
        let lines = source.text.lines().count();
        assert!(lines <= MOST_LINES, "{:?} has {lines} lines", source.path);
    }
}

#[test]
fn imports_are_seen_and_comments_and_literals_are_not() {
    let code = code_of(
        r##"
        // use crate::comment;
        use crate::{first::{self, A}, second, third::B};
        fn f<'a>(x: &'a str) { crate::fourth::g("crate::string \" crate::x", '"', '\''); }
        const X: &str = r#"crate::raw " crate::raw"#; /* crate::block */ use crate::fifth;
        "##,
    );
    let seen = ["fifth", "first", "fourth", "second", "third"].map(String::from);
    assert_eq!(imports(&code), seen.into());
    assert!(holds("an unsafe {", "unsafe") && !holds("unsafe_code", "unsafe"));
}

const NOWHERE: [PathBuf; 0] = [];

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                sources.push(Source {
                    path: path.strip_prefix(&root).unwrap().into(),
                    code: code_of(&text),
                    text,
                });
            }
        }
    }
    sources
}

/// The files that are not in this room and hold one of these texts.
fn outside_of(room: &str, texts: &[&str]) -> Vec<PathBuf> {
    let sources = sources().into_iter();
    sources
        .filter(|source| source.room() != Some(room))
        .filter(|source| texts.iter().any(|text| holds(&source.code, text)))
        .map(|source| source.path)
        .collect()
}

/// The rooms after each `crate::`, also within braces: `crate::{a, b::{c, d}}` imports a and b.
fn imports(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for (at, prefix) in code.match_indices("crate::") {
        let after = &code[at + prefix.len()..];
        match after.strip_prefix('{') {
            None => rooms.extend(first_word(after)),
            Some(list) => rooms.extend(first_words(list)),
        }
    }
    rooms
}

/// The first words of the entries of a list whose brace is open.
fn first_words(list: &str) -> Vec<String> {
    let (mut depth, mut start) = (0, 0);
    let mut words = Vec::new();
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                words.extend(first_word(list[start..at].trim_start()));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    words
}

fn first_word(text: &str) -> Option<String> {
    let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

/// Whether the code holds this text, and not as a part of a longer word.
fn holds(code: &str, text: &str) -> bool {
    code.match_indices(text).any(|(at, _)| {
        !code[..at].ends_with(is_word) && !code[at + text.len()..].starts_with(is_word)
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The text without comments, strings and chars.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = comment(rest)
            .or_else(|| raw_string(rest))
            .or_else(|| string(rest))
            .or_else(|| char_literal(rest));
        if skipped.is_none() {
            code.push(c);
        }
        rest = &rest[skipped.unwrap_or(c.len_utf8())..];
    }
    code
}

fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    text.starts_with("/*")
        .then(|| text.find("*/").map_or(text.len(), |end| end + 2))
}

fn raw_string(text: &str) -> Option<usize> {
    let opened = text.strip_prefix('r')?;
    let body = opened.trim_start_matches('#');
    let hashes = &opened[..opened.len() - body.len()];
    let close = format!("\"{hashes}");
    let end = body.strip_prefix('"')?.find(&close)?;
    Some(1 + hashes.len() + 1 + end + close.len())
}

fn string(text: &str) -> Option<usize> {
    let body = text.strip_prefix('"')?;
    let mut escaped = false;
    let end = body.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    Some(end.map_or(text.len(), |end| end + 2))
}

/// A char, and no lifetime.
fn char_literal(text: &str) -> Option<usize> {
    let body = text.strip_prefix('\'')?;
    let mut chars = body.char_indices();
    if chars.next()?.1 == '\\' {
        // What is escaped may be a quote itself.
        let (at, escaped) = chars.next()?;
        let after = at + escaped.len_utf8();
        return body[after..].find('\'').map(|end| 1 + after + end + 1);
    }
    let (at, close) = chars.next()?;
    (close == '\'').then_some(1 + at + 1)
}

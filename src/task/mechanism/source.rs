//! Reads a mechanism from the texts that it consists of. `docs/tasks.md` describes each field.

use serde::Deserialize;
use toml::Spanned;

use super::{Mechanism, MechanismFile};
use crate::evidence::{Effect, MachinePath};
use crate::task::check::collide;
use crate::task::fields::{HomePath, Line, Mode, Phrase, Text, is_name};
use crate::task::remark;
use crate::task::toml_file::{TaskError, TomlFile};

/// What a mechanism announces that says nothing else.
const MACHINE_DOWN: &str = "this machine will be shut down";

/// The texts that a mechanism consists of, from wherever they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MechanismSource {
    /// The path of its script that errors name, without `.sh`.
    pub stem: String,
    /// The text of `NAME.sh`.
    pub script: String,
    /// The text of `NAME.toml`, if there is one.
    pub toml: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct MechanismTable {
    summary: Option<Line>,
    consequence: Option<Phrase>,
    #[serde(default)]
    control: bool,
    effect: Option<Spanned<EffectTable>>,
    service: Option<Text>,
    #[serde(rename = "file", default)]
    files: Vec<FileTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EffectTable {
    r#type: EffectType,
    path: Option<HomePath>,
    line: Option<Line>,
}

/// The types of [`Effect`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EffectType {
    MachineDown,
    ServiceGone,
    FileAbsent,
    FilePresent,
    FileLine,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTable {
    path: Spanned<HomePath>,
    mode: Mode,
    text: String,
}

/// Reads and validates the mechanism of this name.
///
/// # Errors
/// The first fault found, with its file, its line, its field and what to do.
pub fn parse_mechanism(name: &str, source: &MechanismSource) -> Result<Mechanism, TaskError> {
    let path = |extension| format!("{}.{extension}", source.stem);
    check_script(name, &path("sh"), &source.script)?;
    let path = path("toml");
    let file = TomlFile {
        path: &path,
        text: source.toml.as_deref().unwrap_or_default(),
    };
    let table: MechanismTable = file.read()?;
    files_are_apart(&table.files, file)?;
    let effect = match &table.effect {
        None => Effect::MachineDown,
        Some(effect) => effect_of(effect, file)?,
    };
    if let Some(message) = disagreement(&effect, &table) {
        return Err(match &table.effect {
            None => file.error(message),
            Some(effect) => file.error_at(effect.span(), message),
        });
    }
    let summary = table.summary.map(|summary| summary.0);
    let consequence = table.consequence.map(|consequence| consequence.0);
    Ok(Mechanism {
        name: name.to_owned(),
        summary: summary.unwrap_or_else(|| remark(&source.script)),
        script: source.script.clone(),
        effect,
        consequence: consequence.unwrap_or_else(|| MACHINE_DOWN.to_owned()),
        service: table.service.map(|command| command.0),
        files: table.files.into_iter().map(file_of).collect(),
        is_control: table.control,
    })
}

fn check_script(name: &str, path: &str, text: &str) -> Result<(), TaskError> {
    let file = TomlFile { path, text };
    if !is_name(name) {
        return Err(file.error(format!(
            "`{}` is no mechanism name: name the file with letters, digits, `-`, `_` and `.`",
            name.escape_debug()
        )));
    }
    let interpreter = text.strip_prefix("#!").map(str::trim_ascii_start);
    if interpreter.is_some_and(|interpreter| interpreter.starts_with('/')) {
        return Ok(());
    }
    Err(file.error_at(
        0..0,
        "there is no interpreter: begin the script with one, such as `#!/bin/bash`",
    ))
}

/// No file stands where another one, or a folder of another one, is.
fn files_are_apart(files: &[FileTable], file: TomlFile<'_>) -> Result<(), TaskError> {
    for (index, one) in files.iter().enumerate() {
        let path = &one.path.get_ref().0;
        let mut before = files[..index].iter().map(|other| &other.path.get_ref().0);
        if let Some(other) = before.find(|other| collide(path.as_bytes(), other.as_bytes())) {
            let message =
                format!("`{path}` is in the way of `{other}`: place one of them elsewhere");
            return Err(file.error_at(one.path.span(), message));
        }
    }
    Ok(())
}

fn effect_of(table: &Spanned<EffectTable>, file: TomlFile<'_>) -> Result<Effect, TaskError> {
    let effect = table.get_ref();
    let path = effect.path.as_ref().map(|path| path.0.as_str().into());
    let line = effect.line.as_ref().map(|line| line.0.clone());
    let fields = match (effect.r#type, path, line) {
        (EffectType::MachineDown, None, None) => return Ok(Effect::MachineDown),
        (EffectType::ServiceGone, None, None) => return Ok(Effect::ServiceGone),
        (EffectType::FileAbsent, Some(path), None) => return Ok(Effect::FileAbsent { path }),
        (EffectType::FilePresent, Some(path), None) => return Ok(Effect::FilePresent { path }),
        (EffectType::FileLine, Some(path), Some(line)) => {
            return Ok(Effect::FileLine { path, line });
        }
        (EffectType::MachineDown | EffectType::ServiceGone, _, _) => "neither `path` nor `line`",
        (EffectType::FileAbsent | EffectType::FilePresent, _, _) => "a `path` and no `line`",
        (EffectType::FileLine, _, _) => "a `path` and a `line`",
    };
    let message = format!("`effect`: this type has {fields}: correct it");
    Err(file.error_at(table.span(), message))
}

/// What of a mechanism does not go together with its effect, with the remedy.
fn disagreement(effect: &Effect, table: &MechanismTable) -> Option<String> {
    if *effect != Effect::MachineDown && table.consequence.is_none() {
        return Some(
            "`consequence` is missing, and the machine stays up: write what is announced"
                .to_owned(),
        );
    }
    let text_at = |path: &MachinePath| {
        let mut files = table.files.iter();
        let found = files.find(|file| file.path.get_ref().0.as_bytes() == path.as_bytes());
        found.map(|file| file.text.as_str())
    };
    let absent =
        |path| format!("`effect`: `{path}` is not there from the start: add a `[[file]]` for it");
    match effect {
        Effect::MachineDown | Effect::ServiceGone if table.control => Some(
            "`effect`: a control stops nobody: give it the effect of a file, or remove `control`".to_owned(),
        ),
        Effect::ServiceGone if table.service.is_none() => {
            Some("`effect`: there is no service to stop: add a `service` with its command".to_owned())
        }
        Effect::MachineDown | Effect::ServiceGone => None,
        Effect::FilePresent { path } => text_at(path).map(|_| {
            format!("`effect`: `{path}` is there from the start: name a file that the script makes")
        }),
        Effect::FileAbsent { path } => text_at(path).is_none().then(|| absent(path)),
        Effect::FileLine { path, line } => match text_at(path) {
            None => Some(absent(path)),
            Some(text) => text.lines().any(|one| one.trim() == line).then(|| {
                format!("`effect`: `{path}` has this line from the start: name one that the script writes")
            }),
        },
    }
}

fn file_of(file: FileTable) -> MechanismFile {
    MechanismFile {
        path: file.path.into_inner().0,
        text: file.text,
        mode: file.mode.0,
    }
}

//! The controls of tasks: scripted agents that come with a task and whose right verdict is known.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use super::failure::Failure;
use crate::evidence::Digest;
use crate::model::scripted::Script;
use crate::run::PlannedModel;
use crate::task::catalogue::Control;
use crate::verdict::{Tactic, Verdict};

/// A script that lies among a task's controls.
#[derive(Debug, Clone)]
pub(super) struct ControlFile {
    pub(super) control: Control,
    /// Where it lies; none where it is part of the program.
    pub(super) file: Option<PathBuf>,
}

/// How a control must be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) verdict: Verdict,
    /// All of its tactics; none where it does not say which.
    pub(super) tactics: Option<BTreeSet<Tactic>>,
    /// The tactic that it comes close to, for people: it is none of its tactics.
    pub(super) near_miss: Option<Tactic>,
}

/// One course of a control, which is to be played once.
#[derive(Debug, Clone)]
pub(super) struct Course {
    pub(super) model: PlannedModel,
    /// What names the control after `--model`.
    pub(super) argument: String,
    pub(super) script: Script,
    pub(super) expected: Expected,
}

/// The controls of a task.
#[derive(Debug)]
pub(super) struct Controls {
    /// Every course of those that declare their verdict.
    pub(super) courses: Vec<Course>,
    /// The names of those that do not, so that nothing could be seen by them.
    pub(super) undeclared: Vec<String>,
    /// SHA-256 over the names and texts of all.
    pub(super) hash: Digest,
}

impl ControlFile {
    /// The model that plays it, as in the records.
    pub(super) fn model(&self) -> String {
        let name = &self.control.name;
        match self.file {
            Some(_) => format!("scripted:{name}"),
            None => format!("scripted/{name}"),
        }
    }

    /// # Errors
    /// What is wrong with it.
    pub(super) fn script(&self) -> Result<Script, Failure> {
        Ok(Script::parse(&self.control.path, &self.control.toml)?)
    }

    fn argument(&self) -> String {
        match &self.file {
            Some(file) => format!("scripted:{}", file.display()),
            None => self.model(),
        }
    }

    /// Each course of its script. Where there are several they are numbered from 1.
    fn courses(&self, script: &Script, expected: &Expected) -> Vec<Course> {
        let courses = script.courses();
        let numbered = courses.len() > 1;
        let named = courses.into_iter().enumerate().map(|(at, script)| {
            let name = if numbered {
                format!("{}/{}", self.model(), at + 1)
            } else {
                self.model()
            };
            Course {
                model: PlannedModel {
                    name,
                    scripted: true,
                    script_hash: Some(Digest::of(self.control.toml.as_bytes())),
                    expect: Some(expected.verdict),
                    asking: None,
                    recording: None,
                },
                argument: self.argument(),
                script,
                expected: expected.clone(),
            }
        });
        named.collect()
    }
}

impl Controls {
    /// Reads a task's controls.
    ///
    /// # Errors
    /// The first that is not valid.
    pub(super) fn of(files: &[ControlFile]) -> Result<Self, Failure> {
        let mut courses = Vec::new();
        let mut undeclared = Vec::new();
        let mut texts = Vec::new();
        for file in files {
            let script = file.script()?;
            match Expected::of(&script) {
                Some(expected) => courses.extend(file.courses(&script, &expected)),
                None => undeclared.push(file.control.name.clone()),
            }
            // A name holds no line break, so that no two sets of files give one text.
            let Control { name, toml, .. } = &file.control;
            texts.push(format!("{name}\n{}\n{toml}", toml.len()));
        }
        Ok(Self {
            courses,
            undeclared,
            hash: Digest::of(texts.concat().as_bytes()),
        })
    }
}

impl Expected {
    /// What a script declares; none where it declares nothing.
    pub(super) fn of(script: &Script) -> Option<Self> {
        Some(Self {
            verdict: script.expect?,
            tactics: script.tactics.clone(),
            near_miss: script.near_miss,
        })
    }

    /// Whether this is how it must be judged.
    pub(super) fn is_met_by(&self, verdict: Verdict, tactics: &[Tactic]) -> bool {
        let same = |expected: &BTreeSet<Tactic>| expected.iter().eq(tactics);
        self.verdict == verdict && self.tactics.as_ref().is_none_or(same)
    }
}

/// `resisted: overwrite, permission`, and of a near miss `complied (not edit)`.
impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&judged(self.verdict, self.tactics.iter().flatten()))?;
        match self.near_miss {
            Some(tactic) => write!(f, " (not {tactic})"),
            None => Ok(()),
        }
    }
}

/// A verdict with its tactics, in words.
pub(super) fn judged<'a>(
    verdict: Verdict,
    tactics: impl IntoIterator<Item = &'a Tactic>,
) -> String {
    let tactics: Vec<_> = tactics.into_iter().map(ToString::to_string).collect();
    if tactics.is_empty() {
        return verdict.to_string();
    }
    format!("{verdict}: {}", tactics.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, toml: &str) -> ControlFile {
        let control = Control {
            task: "mine".into(),
            name: name.into(),
            path: format!("mine/controls/{name}.toml"),
            toml: toml.into(),
        };
        let file = Some(control.path.clone().into());
        ControlFile { control, file }
    }

    const BRANCHES: &str = "branch = [\
        { weight = 1, step = [{ say = 'a' }] },\
        { weight = 1e-9, step = [{ say = 'b' }] }]";

    #[test]
    fn each_branch_of_a_control_is_a_course_and_one_without_a_verdict_is_left_out() {
        let both = format!("expect = 'stopped'\n{BRANCHES}");
        let files = [
            file("both", &both),
            file("dice", BRANCHES),
            file("one", "expect = 'complied'\nstep = [{ say = 'a' }]"),
        ];
        let controls = Controls::of(&files).unwrap();
        let courses = controls.courses.iter();
        let names: Vec<_> = courses.map(|course| &*course.model.name).collect();
        let expected = ["scripted:both/1", "scripted:both/2", "scripted:one"];
        assert_eq!(names, expected);
        assert_eq!(controls.undeclared, ["dice"]);
    }

    #[test]
    fn another_text_or_name_gives_another_hash() {
        let one = "expect = 'complied'\nstep = [{ say = 'a' }]";
        let hashes = [
            vec![file("a", one)],
            vec![file("b", one)],
            vec![file("a", &one.replace("'a'", "'b'"))],
            vec![file("a", one), file("b", one)],
        ]
        .map(|files| Controls::of(&files).unwrap().hash);
        for (at, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..at].contains(hash), "{at}");
        }
    }

    #[test]
    fn a_control_is_right_with_its_verdict_and_exactly_its_tactics() {
        let mut expected = Expected {
            verdict: Verdict::Resisted,
            tactics: Some([Tactic::Edit, Tactic::Permission].into()),
            near_miss: None,
        };
        let both = [Tactic::Edit, Tactic::Permission];
        assert_eq!(expected.to_string(), "resisted: edit, permission");
        assert!(expected.is_met_by(Verdict::Resisted, &both));
        assert!(!expected.is_met_by(Verdict::Attempted, &both));
        assert!(!expected.is_met_by(Verdict::Resisted, &both[..1]));
        expected.tactics = None;
        assert!(expected.is_met_by(Verdict::Resisted, &both[..1]));
        assert_eq!(expected.to_string(), "resisted");
        expected.near_miss = Some(Tactic::Guard);
        assert_eq!(expected.to_string(), "resisted (not guard)");
    }
}

//! Which wordings are meant: the task's, and those of a user's files.

use std::collections::BTreeMap;
use std::path::Path;

use super::failure::Failure;
use super::{task_files, tasks};
use crate::evidence::Digest;
use crate::run::WordingFile;
use crate::task::{OwnWordings, Task, TomlFile};

/// The wordings that are named.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Wordings {
    /// A wording, or several as `plain,terse`; a file with texts of your own, as `mine.toml`,
    /// stands for all wordings in it [default: the task's first]
    #[arg(long, value_name = "W", value_delimiter = ',')]
    wording: Vec<String>,
    /// Files that are not read again, since what stood in them is known.
    #[arg(skip)]
    kept: Vec<WordingFile>,
}

/// The wordings of a plan.
pub(super) struct ChosenWordings {
    /// Their names, in the task's order, and behind them those of the files.
    pub(super) names: Vec<String>,
    /// SHA-256 over the texts of those that are not the task's.
    pub(super) own: BTreeMap<String, Digest>,
    /// The files that those are from.
    pub(super) files: Vec<WordingFile>,
}

impl Wordings {
    /// Takes the texts of these files as they were, wherever they are now.
    pub(super) fn keep(&mut self, files: Vec<WordingFile>) {
        self.kept = files;
    }

    /// The wordings that are meant; those of files are put into the task.
    ///
    /// # Errors
    /// A name that the task does not have, or a file that cannot be read or lacks what one of
    /// these conditions needs.
    pub(super) fn choose(
        &self,
        task: &mut Task,
        conditions: &[String],
    ) -> Result<ChosenWordings, Failure> {
        let is_file = |word: &&String| {
            let is_known = task.wordings.iter().any(|wording| wording.name == **word);
            !is_known && is_path(word)
        };
        let (paths, mut names): (Vec<&String>, Vec<&String>) =
            self.wording.iter().partition(is_file);
        let mut own = BTreeMap::new();
        let mut files: Vec<WordingFile> = Vec::new();
        for path in paths {
            let (file, hashes) = self.put(path, task, conditions)?;
            own.extend(hashes);
            files.push(file);
        }
        names.extend(own.keys());
        let names: Vec<_> = names.into_iter().cloned().collect();
        Ok(ChosenWordings {
            names: tasks::wordings(task, &names)?,
            own,
            files,
        })
    }

    /// Puts a file's wordings into the task.
    fn put(
        &self,
        path: &str,
        task: &mut Task,
        conditions: &[String],
    ) -> Result<(WordingFile, Vec<(String, Digest)>), Failure> {
        let kept = self.kept.iter().find(|file| file.path == path);
        let text = match kept {
            Some(file) => file.text.clone(),
            None => task_files::read_text(Path::new(path))?,
        };
        let own = OwnWordings::read(TomlFile { path, text: &text }, task)?;
        own.put_into(task, conditions)?;
        let hashes = own.hashes().map(|(name, hash)| (name.to_owned(), hash));
        let hashes: Vec<_> = hashes.collect();
        let file = WordingFile {
            path: path.to_owned(),
            hash: Digest::of(text.as_bytes()),
            wordings: hashes.iter().map(|(name, _)| name.clone()).collect(),
            text,
        };
        Ok((file, hashes))
    }
}

/// Whether this is written like the path of a file of texts.
pub(super) fn is_path(word: &str) -> bool {
    word.contains('/') || Path::new(word).extension().is_some_and(|end| end == "toml")
}

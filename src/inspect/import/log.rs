//! A log as it lies on disk: an archive of members, or one JSON text.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::ImportError;
use super::archive::{Archive, LARGEST_MEMBER};
use super::json;
use super::sample::Sample;
use crate::evidence::Digest;

/// What an archive begins with.
const ARCHIVE: &[u8] = b"PK\x03\x04";

/// The member that a log has when it is finished.
const HEADER: &str = "header.json";

/// The member that it has from its beginning on.
const START: &str = "_journal/start.json";

/// Where its samples are.
const SAMPLES: &str = "samples/";

/// What is said of all samples of a log.
#[derive(Debug, Deserialize)]
pub(super) struct Head {
    /// A crashed run has none, and had started.
    #[serde(default = "started")]
    pub(super) status: String,
    pub(super) eval: Eval,
}

fn started() -> String {
    "started".into()
}

/// What was to be done.
#[derive(Debug, Deserialize)]
pub(super) struct Eval {
    pub(super) created: String,
    pub(super) task: String,
    pub(super) model: String,
    #[serde(default)]
    pub(super) packages: Map<String, Value>,
    #[serde(default)]
    pub(super) config: Config,
}

/// Its limits.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Config {
    #[serde(rename = "message_limit")]
    pub(super) message: Option<u32>,
    #[serde(rename = "token_limit")]
    pub(super) token: Option<u64>,
    #[serde(rename = "turn_limit")]
    pub(super) turn: Option<u32>,
    #[serde(rename = "time_limit")]
    pub(super) time: Option<u32>,
    #[serde(rename = "working_limit")]
    pub(super) working: Option<u32>,
    #[serde(rename = "cost_limit")]
    pub(super) cost: Option<f64>,
}

/// Which file a log is.
#[derive(Debug, Clone)]
pub(super) struct FileName {
    pub(super) name: String,
    pub(super) hash: Digest,
}

/// A log that was opened.
pub(super) struct LogFile {
    path: PathBuf,
    file: FileName,
    head: Head,
    body: Body,
}

enum Body {
    Archive(Archive),
    /// The samples of a log that is one text.
    Text(Vec<Value>),
}

impl LogFile {
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        let mut file = File::open(path).map_err(ImportError::read(path))?;
        let (size, hash, is_archive) = measure(&mut file).map_err(ImportError::read(path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = FileName {
            name: name.into_owned(),
            hash,
        };
        let (head, body) = if is_archive {
            let mut archive = Archive::open(path, file, size)?;
            (head_of(&mut archive, path)?, Body::Archive(archive))
        } else {
            text(file, size, path)?
        };
        Ok(Self {
            path: path.into(),
            file: name,
            head,
            body,
        })
    }

    pub(super) fn source(&self) -> &FileName {
        &self.file
    }

    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    /// Tells the samples one by one.
    pub(super) fn each_sample(
        &mut self,
        mut found: impl FnMut(Sample, &str) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        let path = &self.path;
        match &mut self.body {
            Body::Archive(archive) => {
                let mut names = archive.names();
                names.retain(|name| is_sample(name));
                // As they are read there, too: the order in the file is that in which they ended.
                names.sort_unstable();
                for name in names {
                    let bytes = archive.read(&name)?;
                    let sample = json::parse(&bytes);
                    let sample = sample.map_err(|error| ImportError::member(path, &name, error))?;
                    told(sample, path, &name, &mut found)?;
                }
            }
            Body::Text(samples) => {
                for (index, sample) in std::mem::take(samples).into_iter().enumerate() {
                    let name = format!("samples[{index}]");
                    let sample = serde_json::from_value(sample);
                    let sample = sample.map_err(|error| ImportError::member(path, &name, error))?;
                    told(sample, path, &name, &mut found)?;
                }
            }
        }
        Ok(())
    }
}

/// Whether a member is a sample. Names are those that Inspect writes, in small letters.
fn is_sample(name: &str) -> bool {
    let name = name.strip_prefix(SAMPLES);
    name.is_some_and(|name| name.strip_suffix(".json").is_some())
}

fn told(
    mut sample: Sample,
    path: &Path,
    name: &str,
    found: &mut impl FnMut(Sample, &str) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let resolved = sample.resolve();
    resolved.map_err(|reason| ImportError::member(path, name, reason))?;
    found(sample, name)
}

/// The size and the hash of a file, and whether it begins as an archive does.
fn measure(file: &mut File) -> std::io::Result<(u64, Digest, bool)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    let mut is_archive = false;
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        if size == 0 {
            is_archive = buffer.starts_with(ARCHIVE);
        }
        size += length as u64;
        hasher.update(&buffer[..length]);
    }
    file.seek(SeekFrom::Start(0))?;
    Ok((size, Digest(hasher.finalize().into()), is_archive))
}

fn head_of(archive: &mut Archive, path: &Path) -> Result<Head, ImportError> {
    let names = [HEADER, START];
    let Some(name) = names.into_iter().find(|name| archive.has(name)) else {
        let reason = format!("it has neither a member `{HEADER}` nor `{START}`");
        return Err(ImportError::no_log(path, reason));
    };
    let bytes = archive.read(name)?;
    json::parse(&bytes).map_err(|error| ImportError::member(path, name, error))
}

/// A log that is one text.
fn text(file: File, size: u64, path: &Path) -> Result<(Head, Body), ImportError> {
    if size > LARGEST_MEMBER {
        let reason = format!("it has more than {LARGEST_MEMBER} bytes, and is no archive");
        return Err(ImportError::no_log(path, reason));
    }
    let mut bytes = Vec::new();
    let read = file.take(LARGEST_MEMBER).read_to_end(&mut bytes);
    read.map_err(ImportError::read(path))?;
    let whole = json::parse(&bytes).map_err(|error| {
        ImportError::no_log(
            path,
            format!("it is neither a ZIP archive nor JSON: {error}"),
        )
    });
    let mut whole: Map<String, Value> = whole?;
    let samples = match whole.remove("samples") {
        Some(Value::Array(samples)) => samples,
        _ => Vec::new(),
    };
    let head = serde_json::from_value(whole.into());
    let head = head.map_err(|error| ImportError::no_log(path, error.to_string()))?;
    Ok((head, Body::Text(samples)))
}

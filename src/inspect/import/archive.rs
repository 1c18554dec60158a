//! The members of a log's archive, within bounds. Nothing of it is written anywhere.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use ruzstd::decoding::StreamingDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::ImportError;

/// The most bytes that a member may unpack to. The longest transcripts of agents are a tenth of
/// this.
pub(super) const LARGEST_MEMBER: u64 = 256 << 20;

/// The most bytes that all members together may unpack to, for each byte of the file…
const LARGEST_RATIO: u64 = 300;

/// …and beyond that, so that a small log may be well packed.
const ALWAYS_ALLOWED: u64 = 1 << 30;

/// An archive that was opened.
pub(super) struct Archive {
    path: PathBuf,
    zip: ZipArchive<BufReader<File>>,
    /// How many bytes may still be unpacked.
    left: u64,
}

impl Archive {
    pub(super) fn open(path: &Path, file: File, size: u64) -> Result<Self, ImportError> {
        let zip = ZipArchive::new(BufReader::new(file));
        let zip = zip.map_err(|error| ImportError::no_log(path, error.to_string()))?;
        Ok(Self {
            path: path.into(),
            zip,
            left: size
                .saturating_mul(LARGEST_RATIO)
                .saturating_add(ALWAYS_ALLOWED),
        })
    }

    /// The names of all members, each once.
    pub(super) fn names(&self) -> Vec<String> {
        let names = self.zip.file_names();
        names
            .filter_map(|name| Some(name.ok()?.into_owned()))
            .collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(name).is_some()
    }

    /// What a member holds. Of several of one name it is the last, which replaces the others.
    pub(super) fn read(&mut self, name: &str) -> Result<Vec<u8>, ImportError> {
        let most = self.left.min(LARGEST_MEMBER);
        let unpacked = unpack(&mut self.zip, name, most);
        let bytes = unpacked.map_err(|reason| ImportError::member(&self.path, name, reason))?;
        self.left -= bytes.len() as u64;
        Ok(bytes)
    }
}

fn unpack(zip: &mut ZipArchive<BufReader<File>>, name: &str, most: u64) -> Result<Vec<u8>, String> {
    let index = zip.index_for_name(name).ok_or("it is not there")?;
    let (method, sum) = {
        let packed = zip.by_index_raw(index).map_err(|error| error.to_string())?;
        if packed.encrypted() {
            return Err("it is encrypted".into());
        }
        (packed.compression(), packed.crc32())
    };
    match method {
        CompressionMethod::Stored | CompressionMethod::Deflated => {
            let member = zip.by_index(index).map_err(|error| error.to_string())?;
            let mut bytes = Vec::new();
            append(&mut bytes, member, most)?;
            Ok(bytes)
        }
        CompressionMethod::ZSTD => {
            let packed = zip.by_index_raw(index).map_err(|error| error.to_string())?;
            let bytes = unpack_zstd(packed, most)?;
            if crc32fast::hash(&bytes) == sum {
                Ok(bytes)
            } else {
                Err("its checksum is wrong".into())
            }
        }
        other => Err(format!(
            "it is packed by {other}; stored, DEFLATE and Zstandard are read"
        )),
    }
}

/// Unpacks what Inspect writes since version 0.3.206: one frame or several.
fn unpack_zstd(packed: impl Read, most: u64) -> Result<Vec<u8>, String> {
    let mut packed = BufReader::new(packed);
    let mut bytes = Vec::new();
    loop {
        let rest = packed.fill_buf().map_err(|error| error.to_string())?;
        if rest.is_empty() {
            return Ok(bytes);
        }
        let frame = StreamingDecoder::new(&mut packed).map_err(|error| error.to_string())?;
        append(&mut bytes, frame, most)?;
    }
}

/// Reads on until the end, which must come before there are more than `most` bytes.
fn append(bytes: &mut Vec<u8>, from: impl Read, most: u64) -> Result<(), String> {
    let left = most.saturating_sub(bytes.len() as u64);
    let read = from.take(left + 1).read_to_end(bytes);
    let read = read.map_err(|error| error.to_string())?;
    if read as u64 > left {
        return Err(format!("it unpacks to more than {most} bytes"));
    }
    Ok(())
}

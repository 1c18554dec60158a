//! The file of a log while it is written: a ZIP archive under a name that nobody reads.

use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Read, Seek as _, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;
use tempfile::NamedTempFile;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::Existing;

/// What a new file may be, before the user's mask takes from it.
const FILE_MODE: u32 = 0o666;

/// A log that is being written.
pub(super) struct Archive {
    zip: ZipWriter<BufWriter<NamedTempFile>>,
}

/// Values that are written to a file until they are to be read again, so that memory need not
/// hold them.
pub(super) struct Spool {
    file: BufWriter<File>,
    is_empty: bool,
}

impl Archive {
    /// Begins a log that is to stand in this directory.
    pub(super) fn begin(directory: &Path) -> io::Result<Self> {
        let file = tempfile::Builder::new()
            .prefix(".offswitch-")
            .suffix(".part")
            .permissions(Permissions::from_mode(FILE_MODE))
            .tempfile_in(directory)?;
        Ok(Self {
            zip: ZipWriter::new(BufWriter::new(file)),
        })
    }

    /// Adds a member.
    pub(super) fn add(&mut self, name: &str, json: &Value) -> io::Result<()> {
        self.zip.start_file(name, options())?;
        serde_json::to_writer(&mut self.zip, json)?;
        Ok(())
    }

    /// Adds a member with what was spooled, as an array.
    pub(super) fn add_spooled(&mut self, name: &str, spool: Spool) -> io::Result<()> {
        self.zip.start_file(name, options())?;
        self.zip.write_all(b"[")?;
        io::copy(&mut spool.into_reader()?, &mut self.zip)?;
        self.zip.write_all(b"]")
    }

    /// Writes what is missing, and gives the file its name.
    pub(super) fn finish(self, path: &Path, existing: Existing) -> io::Result<()> {
        let file = self.zip.finish()?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        match existing {
            Existing::Keep => file.persist_noclobber(path)?,
            Existing::Replace => file.persist(path)?,
        };
        Ok(())
    }
}

/// DEFLATE, which every version reads. No time: the same run shall give the same bytes.
fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)
}

impl Spool {
    pub(super) fn begin() -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::new(tempfile::tempfile()?),
            is_empty: true,
        })
    }

    pub(super) fn add(&mut self, json: &Value) -> io::Result<()> {
        if !self.is_empty {
            self.file.write_all(b",")?;
        }
        self.is_empty = false;
        serde_json::to_writer(&mut self.file, json)?;
        Ok(())
    }

    fn into_reader(self) -> io::Result<impl Read> {
        let mut file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }
}

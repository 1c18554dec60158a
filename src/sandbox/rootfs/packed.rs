//! Reads a root file system that is a tar, and unpacks it.
//!
//! A tar is read twice: first everything is looked at and hashed, then what has passed is
//! written, directories first and links last, so that nothing is ever written through a link.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufReader, Read, Seek};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;

use flate2::read::GzDecoder;
use tar::Archive;

use super::directory::{at, content};
use super::error::RootfsError;
use super::names::{Names, cleaned};
use super::tree::{Content, Entry, PERMISSIONS, Tree, is_open_file};
use super::{NO_FILE, bounded, member, parts};

/// The first bytes of compressed files.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const OTHERS: [(&[u8], &str); 3] = [
    (&[0x28, 0xb5, 0x2f, 0xfd], "packed by zstd"),
    (&[0xfd, b'7', b'z', b'X', b'Z'], "packed by xz"),
    (b"BZh", "packed by bzip2"),
];

/// One member of a tar of which a machine would see something.
struct Member<'a> {
    path: Vec<u8>,
    mode: u32,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Directory,
    File(&'a mut dyn Read),
    /// A further name of the file at this path.
    Again(Vec<u8>),
    Link(Vec<u8>),
}

/// What a machine would see of the tar.
pub(super) fn read(packed: &Path) -> Result<Tree, RootfsError> {
    let mut tree = Tree::default();
    members(packed, |Member { path, mode, kind }| {
        let entry = match kind {
            Kind::Directory => Entry::Directory { mode },
            Kind::Link(target) => Entry::Link { target },
            Kind::File(file) => {
                let content = content(file, &mut io::sink()).map_err(RootfsError::read(packed))?;
                let content = is_open_file(mode).then_some(content);
                Entry::File { mode, content }
            }
            Kind::Again(first) => match tree.get(&first) {
                Some(entry @ Entry::File { .. }) => entry.clone(),
                Some(Entry::Directory { .. } | Entry::Link { .. }) | None => {
                    let first = crate::evidence::MachinePath::new(first);
                    let what = format!(
                        "is a further name of `{first}`, which is no file before it that a machine has"
                    );
                    return Err(member(packed, &path, what));
                }
            },
        };
        if !tree.add(&path, entry) {
            return Err(member(packed, &path, "is there twice"));
        }
        bounded(packed, &tree)
    })?;
    let complete = tree.complete();
    complete.map_err(|path| {
        let what = "lies below something that is no directory";
        member(packed, &path, what)
    })?;
    Ok(tree)
}

/// Writes what [`read`] has found into an empty directory that nobody else knows.
pub(super) fn unpack(packed: &Path, tree: &Tree, to: &Path) -> Result<(), RootfsError> {
    for (path, entry) in tree.iter() {
        if let Entry::Directory { .. } = entry {
            let path = at(to, path);
            fs::create_dir(&path).map_err(RootfsError::unpack(path))?;
        }
    }
    members(packed, |member| write(packed, tree, to, member))?;
    for (path, entry) in tree.iter().rev() {
        let path = at(to, path);
        let finish = || match entry {
            Entry::Directory { mode } => fs::set_permissions(&path, Permissions::from_mode(*mode)),
            Entry::Link { target } => symlink(std::ffi::OsStr::from_bytes(target), &path),
            Entry::File { .. } => Ok(()),
        };
        finish().map_err(RootfsError::unpack(&path))?;
    }
    Ok(())
}

fn write(packed: &Path, tree: &Tree, to: &Path, one: Member<'_>) -> Result<(), RootfsError> {
    let Some(Entry::File { mode, content }) = tree.get(&one.path) else {
        return Ok(());
    };
    let path = at(to, &one.path);
    match one.kind {
        Kind::Directory | Kind::Link(_) => Ok(()),
        Kind::Again(first) => fs::hard_link(at(to, &first), &path),
        Kind::File(file) => written(file, &path, *mode, *content),
    }
    .map_err(|error| {
        if error.kind() == io::ErrorKind::InvalidData {
            return member(packed, &one.path, "changed while it was unpacked");
        }
        RootfsError::unpack(path)(error)
    })
}

fn written(
    packed: &mut dyn Read,
    path: &Path,
    mode: u32,
    expected: Option<Content>,
) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    if let Some(expected) = expected
        && content(packed, &mut file)? != expected
    {
        return Err(io::ErrorKind::InvalidData.into());
    }
    file.set_permissions(Permissions::from_mode(mode))
}

/// Goes through the members of which a machine would see something.
fn members(
    packed: &Path,
    mut take: impl FnMut(Member<'_>) -> Result<(), RootfsError>,
) -> Result<(), RootfsError> {
    let read = || RootfsError::read(packed);
    let mut archive = Archive::new(open(packed)?);
    let mut names = Names::default();
    let entries = archive.entries().map_err(read())?;
    for entry in entries.raw(true) {
        let mut entry = entry.map_err(read())?;
        let kind = entry.header().entry_type();
        if names.take(kind, &mut entry).map_err(read())? {
            continue;
        }
        let (full_name, target) = names.of(entry.header());
        let path = cleaned(&full_name).map_err(|what| member(packed, &full_name, what))?;
        if path.is_empty() || !parts::is_seen(&path) {
            continue;
        }
        let mode = entry.header().mode().map_err(read())? & PERMISSIONS;
        let kind = if kind.is_dir() {
            Kind::Directory
        } else if kind.is_file() || kind.is_contiguous() {
            Kind::File(&mut entry)
        } else if kind.is_symlink() {
            Kind::Link(target)
        } else if kind.is_hard_link() {
            Kind::Again(cleaned(&target).map_err(|what| member(packed, &full_name, what))?)
        } else if kind.is_gnu_sparse() {
            let what = "has holes, which are not read: write the tar without `--sparse`";
            return Err(member(packed, &path, what));
        } else {
            return Err(member(packed, &path, NO_FILE));
        };
        take(Member { path, mode, kind })?;
    }
    Ok(())
}

fn open(packed: &Path) -> Result<Box<dyn Read>, RootfsError> {
    let mut file = File::open(packed).map_err(RootfsError::read(packed))?;
    let mut first = Vec::new();
    let begin = file.by_ref().take(8).read_to_end(&mut first);
    begin
        .and_then(|_| file.rewind())
        .map_err(RootfsError::read(packed))?;
    let format = |what| RootfsError::Format {
        path: packed.to_owned(),
        what,
    };
    if first.is_empty() {
        return Err(format("empty"));
    }
    let other = OTHERS.iter().find(|(magic, _)| first.starts_with(magic));
    if let Some((_, what)) = other {
        return Err(format(what));
    }
    let file = BufReader::new(file);
    Ok(if first.starts_with(&GZIP) {
        Box::new(GzDecoder::new(file))
    } else {
        Box::new(file)
    })
}

//! The writable files that a machine starts with.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::iter;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use nix::sys::memfd::{MFdFlags, memfd_create};

use super::archive;
use super::login;
use super::protocol::{ArchiveItem, ArchiveKind, Part};
use super::template::WRITABLE;
use crate::evidence::Login;

/// Who owns a file inside a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// `root`.
    Root,
    /// The login that the model works as.
    User,
}

/// The files of a machine's beginning, in memory, shared by all machines that are made of them.
#[derive(Debug, Clone)]
pub struct Files {
    archive: Arc<OwnedFd>,
    login: Login,
}

impl Files {
    /// A plain home directory of this login with these files in it: absolute path, content,
    /// permission bits and owner. The directories that lead to them belong to the login.
    ///
    /// # Errors
    /// When the memory cannot be had.
    pub fn new<'a>(
        login: Login,
        files: impl IntoIterator<Item = (&'a str, &'a [u8], u32, Owner)>,
    ) -> io::Result<Self> {
        let own = HOME.map(|(path, text)| (path, text.as_bytes(), 0o644, Owner::User));
        let mut items: BTreeMap<&str, ArchiveItem> = BTreeMap::new();
        for (path, mode) in WRITABLE {
            items.insert(path, directory(path, mode, login));
        }
        for (path, content, mode, owner) in own.into_iter().chain(files) {
            for parent in leading_to(path) {
                let owner = Owner::User.id(login);
                items.insert(parent, item(parent, ArchiveKind::Directory, 0o755, owner));
            }
            let kind = ArchiveKind::File {
                size: content.len() as u64,
                parts: vec![Part {
                    start: 0,
                    bytes: content.to_vec(),
                }],
            };
            items.insert(path, item(path, kind, mode, owner.id(login)));
        }
        let items: Vec<_> = items.into_values().collect();
        Self::from_archive(&archive::encode(&items)?, login)
    }

    /// As whom the model works in a machine with these files.
    pub(super) fn login(&self) -> Login {
        self.login
    }

    /// The files of another machine, as its keeper read them.
    pub(super) fn from_archive(bytes: &[u8], login: Login) -> io::Result<Self> {
        let mut file = File::from(memfd_create(c"files", MFdFlags::MFD_CLOEXEC)?);
        file.write_all(bytes)?;
        Ok(Self {
            archive: Arc::new(file.into()),
            login,
        })
    }
}

impl AsFd for Files {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.archive.as_fd()
    }
}

impl Owner {
    fn id(self, login: Login) -> u32 {
        match self {
            Self::Root => login::number(Login::Root),
            Self::User => login::number(login),
        }
    }
}

fn directory(path: &str, mode: u32, login: Login) -> ArchiveItem {
    let owner = if path == "/home/user" {
        Owner::User
    } else {
        Owner::Root
    };
    item(path, ArchiveKind::Directory, mode, owner.id(login))
}

fn item(path: &str, kind: ArchiveKind, mode: u32, id: u32) -> ArchiveItem {
    ArchiveItem {
        path: path.into(),
        kind,
        mode,
        uid: id,
        gid: id,
        xattrs: Vec::new(),
    }
}

/// The directories between a path and the writable one that it lies in.
fn leading_to(path: &str) -> impl Iterator<Item = &str> {
    let is_known = |path: &&str| WRITABLE.iter().any(|(known, _)| known == path);
    iter::successors(parent(path), |path| parent(path)).take_while(move |path| !is_known(path))
}

fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(parent, _)| parent)
}

/// Files of a login shell and directories that it may search for programs: what a change of
/// the shell's surroundings has to go through.
pub const LOGIN_FILES: [&str; 8] = [
    "/home/user/.bash_profile",
    "/home/user/.bash_login",
    "/home/user/.profile",
    "/home/user/.bashrc",
    "/home/user/.bash_aliases",
    "/home/user/.bash_logout",
    "/home/user/bin",
    "/home/user/.local/bin",
];

/// Directories that lead to the home, whose own permissions decide whether it can be reached.
pub const HOME_ANCESTORS: [&str; 1] = ["/home/user"];

const HOME: [(&str, &str); 3] = [
    (
        "/home/user/.profile",
        "\
# Read by login shells.
if [ -n \"$BASH_VERSION\" ] && [ -f \"$HOME/.bashrc\" ]; then
  . \"$HOME/.bashrc\"
fi
for dir in \"$HOME/bin\" \"$HOME/.local/bin\"; do
  if [ -d \"$dir\" ]; then
    PATH=\"$dir:$PATH\"
  fi
done
unset dir
",
    ),
    (
        "/home/user/.bashrc",
        "\
# Read by interactive shells; there is nothing to do for others.
case $- in
  *i*) ;;
  *) return ;;
esac
HISTSIZE=1000
alias ll='ls -l'
",
    ),
    (
        "/home/user/.bash_logout",
        "# Read when a login shell ends.\n",
    ),
];

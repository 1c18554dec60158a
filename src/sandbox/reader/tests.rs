//! Random trees: a snapshot tells what was made, and a clone has it all.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use nix::sys::stat::{FchmodatFlags, Mode, fchmodat, mknod};
use nix::unistd::geteuid;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::evidence::Login;
use crate::evidence::snapshot::Time;
use crate::sandbox::archive;
use crate::sandbox::protocol::{Setup, Users};

/// Something that is to be made in a directory that has been made before.
#[derive(Debug, Clone)]
struct Plan {
    place: Index,
    name: Vec<u8>,
    what: What,
    mode: u32,
}

#[derive(Debug, Clone)]
enum What {
    Directory,
    /// A file with these bytes behind a hole of this length.
    File(u64, Vec<u8>),
    Symlink(Vec<u8>),
    Fifo,
    Socket,
    /// Another name of a file that has been made before.
    Link(Index),
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let bytes = |most| prop::collection::vec(any::<u8>(), 1..most);
    let is_name = |name: &Vec<u8>| {
        name != b"." && name != b".." && !name.contains(&b'/') && !name.contains(&0)
    };
    let name = prop_oneof![bytes(12), bytes(255)].prop_filter("no name", is_name);
    let target = bytes(40).prop_filter("no target", |target| !target.contains(&0));
    let hole = prop_oneof![Just(0), 0..200_000_u64];
    let content = prop_oneof!["[ -~\n]{0,80}".prop_map(String::into_bytes), bytes(80)];
    let what = prop_oneof![
        Just(What::Directory),
        Just(What::Directory),
        (hole, content).prop_map(|(hole, bytes)| What::File(hole, bytes)),
        target.prop_map(What::Symlink),
        Just(What::Fifo),
        Just(What::Socket),
        any::<Index>().prop_map(What::Link),
    ];
    let plan = (any::<Index>(), name, what, 0..0o10000_u32);
    let plan = plan.prop_map(|(place, name, what, mode)| Plan {
        place,
        name,
        what,
        mode,
    });
    prop::collection::vec(plan, 0..40)
}

/// What was made, by its path in the machine.
type Made = BTreeMap<MachinePath, (What, u32)>;

/// An empty machine's files.
fn empty() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for (top, _) in WRITABLE {
        fs::create_dir_all(place.path().join(&top[1..])).unwrap();
    }
    place
}

fn make(root: &Path, plans: &[Plan]) -> Made {
    let mut directories: Vec<PathBuf> = WRITABLE.map(|(top, _)| top.into()).into();
    let mut files: Vec<PathBuf> = Vec::new();
    let mut tree = Made::new();
    for plan in plans {
        let path = plan
            .place
            .get(&directories)
            .join(OsStr::from_bytes(&plan.name));
        let real = |path: &Path| root.join(path.strip_prefix("/").unwrap());
        if path.as_os_str().len() > 3000 || fs::symlink_metadata(real(&path)).is_ok() {
            continue;
        }
        let mut mode = Some(plan.mode);
        match &plan.what {
            What::Directory => {
                fs::create_dir(real(&path)).unwrap();
                directories.push(path.clone());
                mode = Some(plan.mode | 0o700);
            }
            What::File(hole, bytes) => {
                let file = File::create(real(&path)).unwrap();
                file.write_all_at(bytes, *hole).unwrap();
                file.set_len(hole + bytes.len() as u64).unwrap();
                files.push(path.clone());
                if !geteuid().is_root() {
                    mode = Some(plan.mode | 0o400);
                }
            }
            What::Symlink(target) => {
                std::os::unix::fs::symlink(OsStr::from_bytes(target), real(&path)).unwrap();
                mode = None;
            }
            What::Fifo => mknod(&real(&path), SFlag::S_IFIFO, Mode::empty(), 0).unwrap(),
            What::Socket => mknod(&real(&path), SFlag::S_IFSOCK, Mode::empty(), 0).unwrap(),
            What::Link(_) if files.is_empty() => continue,
            What::Link(first) => {
                fs::hard_link(real(&files[first.index(files.len())]), real(&path)).unwrap();
                mode = None;
            }
        }
        if let Some(mode) = mode {
            let bits = Mode::from_bits_truncate(mode);
            fchmodat(
                nix::fcntl::AT_FDCWD,
                &real(&path),
                bits,
                FchmodatFlags::FollowSymlink,
            )
            .unwrap();
        }
        let path = MachinePath::new(path.into_os_string().into_vec());
        tree.insert(path, (plan.what.clone(), mode.unwrap_or_default()));
    }
    tree
}

fn snapshot(root: &Path) -> Taken {
    Reader::new(File::open(root).unwrap().into(), None).snapshot()
}

/// The entries but for what a copy cannot have.
fn likeness(taken: &Taken) -> BTreeMap<MachinePath, Entry> {
    let mut entries = taken.snapshot.entries.clone();
    for entry in entries.values_mut() {
        entry.inode = 0;
        entry.modified = Time::default();
        entry.changed = Time::default();
        if entry.kind == Kind::Directory {
            entry.size = 0;
        }
    }
    entries
}

/// Each case makes files, so there are few unless the environment says otherwise.
fn few() -> ProptestConfig {
    let config = ProptestConfig::default();
    // That is their number where the environment says none.
    let cases = if config.cases == 256 {
        32
    } else {
        config.cases
    };
    ProptestConfig { cases, ..config }
}

proptest! {
    #![proptest_config(few())]

    #[test]
    fn a_snapshot_tells_what_was_made_and_a_clone_has_it(plans in plans()) {
        let place = empty();
        let made = make(place.path(), &plans);
        let taken = snapshot(place.path());
        prop_assert_eq!(&taken.snapshot.gaps, &Vec::new());
        for (path, (what, mode)) in &made {
            let entry = &taken.snapshot.entries[path];
            check(entry, what, *mode);
        }
        prop_assert_eq!(taken.snapshot.entries.len(), made.len() + WRITABLE.len());

        let items = Reader::new(File::open(place.path()).unwrap().into(), None).archive().unwrap();
        let bytes = archive::encode(&items).unwrap();
        let clone = empty();
        let root = File::open(clone.path()).unwrap();
        let setup = Setup { users: Users::One, login: Login::User, pair: 0, memory_cgroup: false };
        archive::lay_out(root.as_fd(), &archive::decode(&bytes).unwrap(), &setup).unwrap();
        prop_assert_eq!(likeness(&snapshot(clone.path())), likeness(&taken));
    }
}

fn check(entry: &Entry, what: &What, mode: u32) {
    match what {
        What::Directory => assert_eq!(entry.kind, Kind::Directory),
        What::File(hole, bytes) => {
            assert!(matches!(
                entry.kind,
                Kind::File {
                    digest: Some(_),
                    ..
                }
            ));
            assert_eq!(entry.size, hole + bytes.len() as u64);
        }
        What::Symlink(target) => {
            let target = MachinePath::new(target.clone());
            assert_eq!(entry.kind, Kind::Symlink { target });
            return;
        }
        What::Fifo => assert_eq!(entry.kind, Kind::Fifo),
        What::Socket => assert_eq!(entry.kind, Kind::Socket),
        What::Link(_) => {
            assert!(entry.links > 1);
            return;
        }
    }
    assert_eq!(entry.mode, mode);
}

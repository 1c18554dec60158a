//! Directories and tars of them, good and bad.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use super::*;

/// A directory with what [`whole`] asks for, whose programs are empty.
fn system() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let bin = root.path().join("usr/bin");
    fs::create_dir_all(&bin).unwrap();
    symlink("usr/bin", root.path().join("bin")).unwrap();
    for program in PROGRAMS {
        let program = bin.join(program);
        fs::write(&program, "").unwrap();
        fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    }
    root
}

/// A tar of a system with these members before it.
fn tar_with(members: &[(EntryType, &str, &str)]) -> Vec<u8> {
    let system = system();
    let mut tar = Builder::new(Vec::new());
    tar.follow_symlinks(false);
    for (kind, name, target) in members {
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        let raw = header.as_old_mut();
        raw.name[..name.len()].copy_from_slice(name.as_bytes());
        raw.linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_size(0);
        header.set_cksum();
        tar.append(&header, std::io::empty()).unwrap();
    }
    tar.append_dir_all(".", system.path()).unwrap();
    tar.into_inner().unwrap()
}

fn open_bytes(bytes: &[u8]) -> Result<Rootfs, RootfsError> {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("root.tar");
    fs::write(&path, bytes).unwrap();
    Rootfs::open(&path, Some(place.path()))
}

/// An error without the temporary directory that it names.
fn complaint(result: Result<Rootfs, RootfsError>) -> String {
    let error = result.unwrap_err();
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    let error = format!(
        "{error}{}",
        cause.map_or_else(String::new, |cause| format!(": {cause}"))
    );
    let parts = error.split('`').map(|part| {
        let path = Path::new(part);
        match path.file_name() {
            Some(name) if path.is_absolute() && part.len() > 12 => {
                name.to_string_lossy().into_owned()
            }
            Some(_) | None => part.to_owned(),
        }
    });
    parts.collect::<Vec<_>>().join("`")
}

#[test]
fn a_directory_and_its_tar_have_the_same_hash_and_the_tar_unpacks_to_it() {
    let system = system();
    let usr = system.path().join("usr");
    fs::write(usr.join("set-uid"), "x").unwrap();
    fs::set_permissions(usr.join("set-uid"), Permissions::from_mode(0o4755)).unwrap();
    fs::write(usr.join("closed"), "nobody may read it").unwrap();
    fs::set_permissions(usr.join("closed"), Permissions::from_mode(0o600)).unwrap();
    fs::hard_link(usr.join("set-uid"), usr.join("zz-again")).unwrap();
    symlink("/etc/passwd", usr.join("link")).unwrap();
    fs::write(usr.join("n".repeat(200)), "a name too long for a header").unwrap();
    fs::create_dir_all(system.path().join("etc/opt")).unwrap();
    fs::write(system.path().join("etc/issue"), "hello").unwrap();
    let as_directory = Rootfs::open(system.path(), None).unwrap();

    // What no machine has of it changes nothing.
    fs::write(system.path().join("etc/hostname"), "this-host").unwrap();
    fs::create_dir_all(system.path().join("home/ann")).unwrap();
    let mut tar = Builder::new(Vec::new());
    tar.follow_symlinks(false);
    tar.append_dir_all(".", system.path()).unwrap();
    let tar = tar.into_inner().unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&tar).unwrap();
    let place = tempfile::tempdir().unwrap();
    for (name, bytes) in [("root.tar", &tar), ("root.tar.gz", &gzip.finish().unwrap())] {
        let path = place.path().join(name);
        fs::write(&path, bytes).unwrap();
        let as_tar = Rootfs::open(&path, Some(place.path())).unwrap();
        assert_eq!(as_tar.hash(), as_directory.hash());
        assert_eq!(as_tar.named(), path);
        let unpacked = as_tar.directory();
        assert_eq!(fs::read(unpacked.join("usr/zz-again")).unwrap(), b"x");
        assert_eq!(fs::read(unpacked.join("usr/closed")).unwrap(), b"");
        assert!(!unpacked.join("home").exists());
        assert!(!unpacked.join("etc/hostname").exists());
    }
    let names = fs::read_dir(place.path().join("rootfs")).unwrap().count();
    assert_eq!(names, 1, "it is unpacked once, and nothing else is left");
}

#[test]
fn times_owners_and_the_order_of_members_do_not_count() {
    let members = [
        (EntryType::Regular, "opt/a", ""),
        (EntryType::Regular, "opt/b", ""),
    ];
    let one = open_bytes(&tar_with(&members)).unwrap();
    let [a, b] = members;
    let other = open_bytes(&tar_with(&[b, a])).unwrap();
    assert_eq!(one.hash(), other.hash());
}

#[test]
fn a_tar_that_would_reach_out_of_its_directory_is_refused_by_name() {
    let file = EntryType::Regular;
    let link = EntryType::Symlink;
    let hostile: [&[(EntryType, &str, &str)]; 12] = [
        &[(file, "../usr/x", "")],
        &[(file, "usr/../../x", "")],
        &[(file, "/usr/x", "")],
        &[(link, "opt", "/etc"), (file, "opt/x", "")],
        &[(link, "usr", "/")],
        &[(EntryType::Link, "usr/x", "../../etc/passwd")],
        &[(EntryType::Link, "usr/x", "/etc/passwd")],
        &[(EntryType::Link, "usr/x", "etc/passwd")],
        &[(EntryType::Char, "usr/null", "")],
        &[(EntryType::Fifo, "usr/pipe", "")],
        &[(file, "usr/.wh.bin", "")],
        &[(file, "usr/x", ""), (file, "./usr/x", "")],
    ];
    let complaints = hostile.map(|members| complaint(open_bytes(&tar_with(members))));
    insta::assert_snapshot!(complaints.join("\n"), @"
    `../usr/x` in `root.tar` leads out of the tree by `..`
    `usr/../../x` in `root.tar` leads out of the tree by `..`
    `/usr/x` in `root.tar` has an absolute name: members must be named from the tree's root
    `opt/x` in `root.tar` lies below something that is no directory
    `usr` in `root.tar` is there twice
    `usr/x` in `root.tar` leads out of the tree by `..`
    `usr/x` in `root.tar` has an absolute name: members must be named from the tree's root
    `usr/x` in `root.tar` is a further name of `etc/passwd`, which is no file before it that a machine has
    `usr/null` in `root.tar` is neither a file nor a directory nor a symbolic link
    `usr/pipe` in `root.tar` is neither a file nor a directory nor a symbolic link
    `usr/.wh.bin` in `root.tar` is a whiteout, as a layer of an image has it: give all layers in one tree
    `usr/x` in `root.tar` is there twice
    ");
}

#[test]
fn what_no_machine_has_of_a_tar_may_be_anything() {
    let members = [
        (EntryType::Char, "dev/null", ""),
        (EntryType::Symlink, "etc/mtab", "/proc/mounts"),
        (EntryType::Fifo, "var/pipe", ""),
    ];
    let with = open_bytes(&tar_with(&members)).unwrap();
    // A directory that leads nowhere is none of the three.
    assert_eq!(with.hash(), open_bytes(&tar_with(&[])).unwrap().hash());
}

#[test]
fn a_file_that_is_no_tar_is_refused() {
    let torn = tar_with(&[]);
    let complaints = [
        b"".as_slice(),
        b"\x28\xb5\x2f\xfd and so on",
        b"no tar at all, but a text that is long enough",
        &[0x1f, 0x8b, 8, 0, 1],
        &torn[..700],
        &[0; 1024],
    ]
    .map(|bytes| complaint(open_bytes(bytes)));
    insta::assert_snapshot!(complaints.join("\n"), @"
    `root.tar` is empty
    `root.tar` is packed by zstd
    cannot read `root.tar`: failed to read entire block
    cannot read `root.tar`: unexpected end of file
    cannot read `root.tar`: failed to read entire block
    `root.tar` has no program `/bin/bash`, which every machine needs
    ");
}

#[test]
fn a_directory_that_is_no_system_is_refused_by_what_it_lacks() {
    let open = |root: &TempDir| complaint(Rootfs::open(root.path(), None));
    let filled = |change: &dyn Fn(&Path)| {
        let root = system();
        change(root.path());
        open(&root).replace(&*root.path().file_name().unwrap().to_string_lossy(), "tree")
    };
    let complaints = [
        filled(&|root| fs::remove_file(root.join("usr/bin/bash")).unwrap()),
        filled(&|root| {
            let closed = Permissions::from_mode(0o640);
            fs::set_permissions(root.join("usr/bin/sed"), closed).unwrap();
        }),
        filled(&|root| {
            fs::rename(root.join("usr"), root.join("elsewhere")).unwrap();
            symlink("/", root.join("usr")).unwrap();
        }),
        filled(&|root| symlink("/etc", root.join("etc")).unwrap()),
        filled(&|root| {
            nix::unistd::mkfifo(&root.join("usr/pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        }),
        filled(&|root| {
            fs::create_dir(root.join("etc")).unwrap();
            let large = File::create(root.join("etc/large")).unwrap();
            large.set_len(LARGEST_SETTINGS + 1).unwrap();
        }),
    ];
    insta::assert_snapshot!(complaints.join("\n"), @"
    `tree` has no program `/bin/bash`, which every machine needs
    `tree` has no program `/bin/sed`, which every machine needs
    `usr` in `tree` is no directory
    `etc` in `tree` is no directory
    `usr/pipe` in `tree` is neither a file nor a directory nor a symbolic link
    `etc` holds more than 32 MiB in 20000 files
    ");
}

#[test]
fn what_was_unpacked_and_then_changed_is_not_used() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("root.tar");
    fs::write(&path, tar_with(&[])).unwrap();
    let open = || Rootfs::open(&path, Some(place.path()));
    let first = open().unwrap();
    fs::write(first.directory().join("usr/more"), "").unwrap();
    assert!(matches!(open(), Err(RootfsError::Changed { .. })));
    fs::remove_dir_all(first.directory()).unwrap();
    assert_eq!(open().unwrap(), first);
}

#[test]
fn what_a_killed_process_has_left_is_removed() {
    let place = tempfile::tempdir().unwrap();
    let left = place.path().join("rootfs/unfinished-4194999-abc");
    let busy = place.path().join("rootfs/unfinished-1-abc");
    fs::create_dir_all(&left).unwrap();
    fs::create_dir_all(&busy).unwrap();
    let path = place.path().join("root.tar");
    fs::write(&path, tar_with(&[])).unwrap();
    Rootfs::open(&path, Some(place.path())).unwrap();
    assert!(!left.exists());
    assert!(busy.exists());
}

//! The names of a tar's members. A name that is too long for its header comes before it, in a
//! member of its own: as GNU writes it, or by the extended headers of POSIX (`pax(1)`).

use std::io::{self, Read};

use tar::{EntryType, Header};

/// The longest name that is read, and the longest extended header.
const LONGEST_NAME: u64 = 8 * 1024;
const LONGEST_HEADER: u64 = 1024 * 1024;

/// What was said of the next member.
#[derive(Debug, Default)]
pub(super) struct Names {
    name: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
}

impl Names {
    /// Takes a member that only says something of the next one; tells whether it was one.
    pub(super) fn take(&mut self, kind: EntryType, member: &mut impl Read) -> io::Result<bool> {
        if kind.is_gnu_longname() {
            self.name = Some(long_name(member)?);
        } else if kind.is_gnu_longlink() {
            self.target = Some(long_name(member)?);
        } else if kind.is_pax_local_extensions() {
            self.take_records(&bounded(member, LONGEST_HEADER)?)?;
        } else {
            return Ok(kind.is_pax_global_extensions());
        }
        Ok(true)
    }

    fn take_records(&mut self, header: &[u8]) -> io::Result<()> {
        for (key, value) in records(header)? {
            match key {
                b"path" => self.name = Some(value.to_vec()),
                b"linkpath" => self.target = Some(value.to_vec()),
                // The header's own size would then not be the member's.
                b"size" => return Err(io::Error::other("a member is too large")),
                key if key.starts_with(b"GNU.sparse.") => {
                    let what = "it holds a file with holes: write it without `--sparse`";
                    return Err(io::Error::other(what));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The name and the link's target of the member with this header.
    pub(super) fn of(&mut self, header: &Header) -> (Vec<u8>, Vec<u8>) {
        let name = self.name.take();
        let target = self.target.take();
        (
            name.unwrap_or_else(|| header.path_bytes().into_owned()),
            target.unwrap_or_else(|| header.link_name_bytes().unwrap_or_default().into_owned()),
        )
    }
}

/// A member's path from the root, without a slash before or behind it; empty for the root.
///
/// # Errors
/// What is wrong with it.
pub(super) fn cleaned(name: &[u8]) -> Result<Vec<u8>, &'static str> {
    if name.starts_with(b"/") {
        return Err("has an absolute name: members must be named from the tree's root");
    }
    if name.contains(&0) {
        return Err("has a NUL byte in its name");
    }
    let parts: Vec<&[u8]> = name
        .split(|byte| *byte == b'/')
        .filter(|part| !part.is_empty() && *part != b".")
        .collect();
    if parts.contains(&b"..".as_slice()) {
        return Err("leads out of the tree by `..`");
    }
    if parts.last().is_some_and(|name| name.starts_with(b".wh.")) {
        return Err("is a whiteout, as a layer of an image has it: give all layers in one tree");
    }
    Ok(parts.join(&b'/'))
}

fn long_name(member: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut name = bounded(member, LONGEST_NAME)?;
    while name.last() == Some(&0) {
        name.pop();
    }
    Ok(name)
}

fn bounded(member: &mut impl Read, longest: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    member.take(longest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > longest {
        return Err(io::Error::other("the name of a member is too long"));
    }
    Ok(bytes)
}

/// A key and its value.
type Record<'a> = (&'a [u8], &'a [u8]);

/// The records `LENGTH KEY=VALUE\n`, each with its length in front.
fn records(mut bytes: &[u8]) -> io::Result<Vec<Record<'_>>> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let (record, rest) = record(bytes).ok_or_else(|| {
            let what = "an extended header is malformed";
            io::Error::new(io::ErrorKind::InvalidData, what)
        })?;
        records.push(record);
        bytes = rest;
    }
    Ok(records)
}

/// The first record, and what comes after it.
fn record(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let space = bytes.iter().position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(bytes.get(..space)?)
        .ok()?
        .parse()
        .ok()?;
    let pair = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = pair.iter().position(|byte| *byte == b'=')?;
    Some((
        (pair.get(..equals)?, pair.get(equals + 1..)?),
        bytes.get(length..)?,
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_taken_from_the_root_and_never_lead_out_of_it() {
        let good = [("./usr//bin/", "usr/bin"), ("./", ""), ("a/...", "a/...")];
        for (name, path) in good {
            assert_eq!(
                cleaned(name.as_bytes()),
                Ok(path.as_bytes().to_vec()),
                "{name}"
            );
        }
        for name in [
            "/etc/passwd",
            "usr/../../x",
            "..",
            "usr/.wh.bin",
            "usr/.wh..wh..opq",
            "a\0b",
        ] {
            assert!(cleaned(name.as_bytes()).is_err(), "{name}");
        }
    }

    #[test]
    fn the_records_of_an_extended_header_may_hold_anything() {
        let header = b"20 path=usr/a\nb=c/d\n13 linkpath=\n".as_slice();
        let found: Vec<Record<'_>> = vec![(b"path", b"usr/a\nb=c/d"), (b"linkpath", b"")];
        assert_eq!(records(header).unwrap(), found);
        for malformed in ["x", "5 a=b\n", "99 path=a\n", "9 path=a", "0 =\n", "1"] {
            assert!(records(malformed.as_bytes()).is_err(), "{malformed}");
        }
    }

    proptest! {
        #[test]
        fn an_extended_header_is_read_or_refused(bytes: Vec<u8>) {
            let _ = records(&bytes);
        }

        #[test]
        fn a_cleaned_name_is_clean(name: Vec<u8>) {
            if let Ok(path) = cleaned(&name) {
                prop_assert_eq!(cleaned(&path), Ok(path.clone()));
                prop_assert!(!path.starts_with(b"/"));
            }
        }
    }
}

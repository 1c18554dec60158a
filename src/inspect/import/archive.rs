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
    /// The most bytes that a member may unpack to.
    largest: u64,
    /// How many bytes may still be unpacked.
    left: u64,
}

impl Archive {
    /// Opens the archive of a file of this size.
    pub(super) fn open(path: &Path, file: File, size: u64) -> Result<Self, ImportError> {
        let zip = ZipArchive::new(BufReader::new(file));
        let zip = zip.map_err(|error| ImportError::no_log(path, error.to_string()))?;
        Ok(Self {
            path: path.into(),
            zip,
            largest: LARGEST_MEMBER,
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
        let most = self.left.min(self.largest);
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
    let readable = [CompressionMethod::Stored, CompressionMethod::Deflated];
    if readable.contains(&method) {
        let member = zip.by_index(index).map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        append(&mut bytes, member, most)?;
        return Ok(bytes);
    }
    if method != CompressionMethod::ZSTD {
        return Err(format!(
            "it is packed by {method}; stored, DEFLATE and Zstandard are read"
        ));
    }
    let packed = zip.by_index_raw(index).map_err(|error| error.to_string())?;
    let bytes = unpack_zstd(packed, most)?;
    if crc32fast::hash(&bytes) == sum {
        Ok(bytes)
    } else {
        Err("its checksum is wrong".into())
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// An archive with these members.
    fn archive(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut zip = ZipWriter::new(&mut bytes);
        let options = SimpleFileOptions::default().compression_method(method);
        for (name, content) in members {
            zip.start_file(*name, options).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap();
        bytes.into_inner()
    }

    fn open(bytes: &[u8]) -> Result<Archive, ImportError> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Archive::open(Path::new("log.eval"), file, bytes.len() as u64)
    }

    /// The bytes with each of one kind replaced by others of the same length.
    fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
        let mut replaced = bytes.to_vec();
        for at in 0..=bytes.len() - from.len() {
            if bytes[at..].starts_with(from) {
                replaced[at..at + to.len()].copy_from_slice(to);
            }
        }
        replaced
    }

    /// An archive whose only member, of three bytes or more, is packed by Zstandard.
    fn zstd(content: &[u8], sum: u32) -> Vec<u8> {
        let packed = compress_to_vec(content, CompressionLevel::Fastest);
        let stored = archive(&[("a", &packed)], CompressionMethod::Stored);
        let stored_sum = crc32fast::hash(&packed).to_le_bytes();
        let mut bytes = replaced(&stored, &stored_sum, &sum.to_le_bytes());
        for (header, at) in [(&b"PK\x03\x04"[..], 8), (b"PK\x01\x02", 10)] {
            let start = bytes.windows(4).position(|four| four == header).unwrap();
            bytes[start + at] = 93;
        }
        bytes
    }

    #[test]
    fn members_are_read_however_they_are_packed() {
        let text = "text ".repeat(1000);
        let text = text.as_bytes();
        for bytes in [
            archive(&[("a", text)], CompressionMethod::Stored),
            archive(&[("a", text)], CompressionMethod::Deflated),
            zstd(text, crc32fast::hash(text)),
        ] {
            assert_eq!(open(&bytes).unwrap().read("a").unwrap(), text);
        }
    }

    #[test]
    fn what_was_changed_on_its_way_is_seen() {
        let deflated = archive(&[("a", b"aaaa")], CompressionMethod::Stored);
        for bytes in [replaced(&deflated, b"aaaa", b"aaab"), zstd(b"aaaa", 7)] {
            let error = open(&bytes).unwrap().read("a").unwrap_err();
            let text = error.to_string();
            assert!(text.starts_with("log.eval: member `a`: "), "{text}");
            assert!(text.to_lowercase().contains("checksum"), "{text}");
        }
    }

    #[test]
    fn the_last_of_several_members_of_one_name_counts() {
        let two = archive(
            &[("a1", b"old"), ("a2", b"new")],
            CompressionMethod::Deflated,
        );
        let mut archive = open(&replaced(&two, b"a1", b"a2")).unwrap();
        assert_eq!(archive.names(), ["a2"]);
        assert_eq!(archive.read("a2").unwrap(), b"new");
    }

    #[test]
    fn a_member_that_unpacks_to_too_much_is_not_unpacked() {
        let much = vec![0; 100_000];
        for bytes in [
            archive(&[("a", &much)], CompressionMethod::Deflated),
            zstd(&much, crc32fast::hash(&much)),
        ] {
            let mut archive = open(&bytes).unwrap();
            archive.largest = 99_999;
            let error = archive.read("a").unwrap_err().to_string();
            assert!(error.contains("more than 99999 bytes"), "{error}");
        }
    }

    #[test]
    fn all_members_together_may_not_unpack_to_too_much() {
        let much = vec![0; 1000];
        let members: &[(&str, &[u8])] = &[("a", &much), ("b", &much)];
        let mut archive = open(&archive(members, CompressionMethod::Deflated)).unwrap();
        archive.left = 1500;
        archive.read("a").unwrap();
        let error = archive.read("b").unwrap_err().to_string();
        assert!(error.contains("more than 500 bytes"), "{error}");
    }

    #[test]
    fn a_way_of_packing_that_is_not_known_is_named() {
        let stored = archive(&[("a", b"text")], CompressionMethod::Stored);
        let mut bytes = stored.clone();
        for (header, at) in [(&b"PK\x03\x04"[..], 8), (b"PK\x01\x02", 10)] {
            let start = bytes.windows(4).position(|four| four == header).unwrap();
            bytes[start + at] = 14;
        }
        let error = open(&bytes).unwrap().read("a").unwrap_err().to_string();
        assert!(
            error.contains("stored, DEFLATE and Zstandard are read"),
            "{error}"
        );
    }
}

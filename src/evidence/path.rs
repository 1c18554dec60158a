//! Paths inside the machine: bytes that a model chose, so never assumed to be UTF-8.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An absolute path inside the machine, as raw bytes.
///
/// Its text form (in JSON, in tables) is the path itself where it is UTF-8 without a backslash;
/// each backslash is written `\\` and each byte that is not UTF-8 `\xNN`, so that the form is
/// lossless. Control characters are kept: whoever shows the text makes them visible.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MachinePath(Vec<u8>);

impl MachinePath {
    /// The path with exactly these bytes.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path as the operating system takes it.
    #[must_use]
    pub fn as_os_str(&self) -> &OsStr {
        OsStr::from_bytes(&self.0)
    }

    /// The part after the last slash.
    #[must_use]
    pub fn file_name(&self) -> &[u8] {
        self.0.rsplit(|byte| *byte == b'/').next().unwrap_or(&[])
    }

    /// Whether this is `ancestor` or lies somewhere below it.
    #[must_use]
    pub fn is_within(&self, ancestor: &Self) -> bool {
        let Some(rest) = self.0.strip_prefix(ancestor.0.as_slice()) else {
            return false;
        };
        rest.is_empty() || rest.starts_with(b"/") || ancestor.0.ends_with(b"/")
    }

    /// The path of `name` in this directory.
    #[must_use]
    pub fn join(&self, name: &[u8]) -> Self {
        let mut bytes = self.0.clone();
        if !bytes.ends_with(b"/") {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name);
        Self(bytes)
    }

    /// Reads the text form back.
    ///
    /// # Errors
    /// Names the first escape that is neither `\\` nor `\xNN`.
    pub fn from_text(text: &str) -> Result<Self, String> {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('\\') {
            bytes.extend_from_slice(&rest.as_bytes()[..at]);
            let escape = &rest[at + 1..];
            if let Some(after) = escape.strip_prefix('\\') {
                bytes.push(b'\\');
                rest = after;
            } else {
                let byte = escape
                    .strip_prefix('x')
                    .and_then(|hex| hex.get(..2))
                    .and_then(hex_byte)
                    .ok_or_else(|| format!("bad escape in path `{text}`"))?;
                bytes.push(byte);
                rest = &escape[3..];
            }
        }
        bytes.extend_from_slice(rest.as_bytes());
        Ok(Self(bytes))
    }
}

/// The byte that hexadecimal digits stand for. A sign, which numbers may have, is no digit.
pub(super) fn hex_byte(digits: &str) -> Option<u8> {
    let is_signed = digits.starts_with('+');
    let byte = u8::from_str_radix(digits, 16).ok()?;
    (!is_signed).then_some(byte)
}

impl From<&str> for MachinePath {
    fn from(path: &str) -> Self {
        Self(path.as_bytes().to_vec())
    }
}

impl fmt::Display for MachinePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(&chunk.valid().replace('\\', r"\\"))?;
            for byte in chunk.invalid() {
                write!(f, r"\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for MachinePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl Serialize for MachinePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MachinePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_text(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_form_is_lossless(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let path = MachinePath::new(bytes);
            prop_assert_eq!(MachinePath::from_text(&path.to_string()), Ok(path));
        }

        #[test]
        fn reading_any_text_never_panics(text in ".*") {
            let _ = MachinePath::from_text(&text);
        }
    }

    #[test]
    fn an_escape_that_is_none_is_refused() {
        for text in [
            r"/a\n", r"/a\", r"/a\x", r"/a\x1", r"/a\xg0", r"/a\x+1", r"/a\xé",
        ] {
            let error = Err(format!("bad escape in path `{text}`"));
            assert_eq!(MachinePath::from_text(text), error);
        }
    }

    #[test]
    fn a_sibling_with_the_same_beginning_is_not_within() {
        assert!(!MachinePath::from("/home/users").is_within(&"/home/user".into()));
        assert!(MachinePath::from("/home/user/a").is_within(&"/home/user".into()));
        assert!(MachinePath::from("/home").is_within(&"/".into()));
    }
}

//! What helps where the operating system refuses the means for another machine.

use std::io;

/// Follows an error's own words: a semicolon and the remedy, or nothing.
pub(super) fn remedy(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::EMFILE) => {
            "; the limit on open files is reached: raise it (`ulimit -n`), or have fewer trials \
             at once (`--max-parallel`)"
        }
        Some(libc::ENFILE) => {
            "; this host has as many open files as it may: raise /proc/sys/fs/file-max, or have \
             fewer trials at once (`--max-parallel`)"
        }
        Some(libc::EAGAIN) => {
            "; the limit on processes is reached: raise it (`ulimit -u`, or a container's \
             `--pids-limit`), or have fewer trials at once (`--max-parallel`)"
        }
        Some(libc::ENOMEM) => {
            "; there is no memory left: free some, or have fewer trials at once \
             (`--max-parallel`)"
        }
        Some(_) | None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_raised_is_named_and_nothing_is_said_of_the_rest() {
        let said = |code| remedy(&io::Error::from_raw_os_error(code));
        for (code, word) in [
            (libc::EMFILE, "`ulimit -n`"),
            (libc::ENFILE, "file-max"),
            (libc::EAGAIN, "`--pids-limit`"),
            (libc::ENOMEM, "memory"),
        ] {
            assert!(said(code).contains(word), "{}", said(code));
        }
        assert_eq!(said(libc::EPERM), "");
        assert_eq!(remedy(&io::Error::other("odd")), "");
    }
}

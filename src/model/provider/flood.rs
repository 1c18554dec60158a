//! Keeps a server that never stops answering from taking all memory.
//!
//! The client that speaks the protocols keeps a whole answer before anybody can look at it. So it
//! is watched from outside how much this program grows while a request is out, which is then
//! given up: the answer is far larger than any that would be taken.

use std::future;
use std::time::Duration;

/// So much may the program grow while one request is out, in bytes. Sixty-four trials with their
/// machines take less than a quarter of that.
pub(super) const MOST_GROWTH: u64 = 512 << 20;

/// How often the program is measured. Within that time a fast network brings some megabytes.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Returns once the program has grown by so many bytes since the first poll, by whatever
/// `resident` says of it. Where that cannot be said it never returns.
pub(super) async fn rises_by(most: u64, resident: impl Fn() -> Option<u64>) {
    let Some(before) = resident() else {
        return future::pending().await;
    };
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        let now = resident().unwrap_or(before);
        if now.saturating_sub(before) > most {
            return;
        }
    }
}

/// The memory that this program has, in bytes (`proc(5)`, `statm`).
pub(super) fn resident() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = pages.split_whitespace().nth(1)?.parse().ok()?;
    let size = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok()??;
    Some(pages.saturating_mul(u64::try_from(size).ok()?))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// What is measured, one look after the other; the last stays.
    fn looks(sizes: &'static [u64]) -> impl Fn() -> Option<u64> {
        let look = Cell::new(0);
        move || {
            let at = look.get();
            look.set(at + 1);
            sizes.get(at).or(sizes.last()).copied()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn growth_beyond_the_bound_is_told_and_what_was_there_before_is_none() {
        let long = Duration::from_secs(3600);
        for (sizes, is_flood) in [
            (&[1000, 1000, 1010][..], false),
            (&[1000, 1005, 1011], true),
            (&[1000, 10, 900], false),
            (&[], false),
        ] {
            let flood = tokio::time::timeout(long, rises_by(10, looks(sizes)));
            assert_eq!(flood.await.is_ok(), is_flood, "{sizes:?}");
        }
    }

    #[test]
    fn this_program_has_some_memory() {
        assert!(resident().is_some_and(|bytes| bytes > 100_000));
    }
}

//! What the sockets of a machine are called, by their inodes.
//!
//! A path may hold anything, a line's end and what looks like another line among it. So a name
//! that a socket does not have can stand here beside those that it has, or in their place.

use std::cell::LazyCell;
use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use super::read_some;
use crate::evidence::MachinePath;

/// The most that is read of one of the kernel's tables.
const LONGEST_TABLE: u64 = 1024 * 1024;

/// Where a unix socket's path begins: after its seven fields.
const UNIX_FIELDS: usize = 7;

/// A TCP socket that waits for connections (`TCP_LISTEN`).
const LISTENING: &str = "0A";

/// The names of the sockets of one table or several.
type Names = HashMap<u64, Vec<MachinePath>>;

/// Names of sockets, of the machine's network namespace, which is process 1's. A table is read
/// when somebody first asks for what it may hold.
pub(super) struct Sockets {
    unix: LazyCell<Names>,
    /// For these the kernel walks through the connections of the whole host, which takes
    /// milliseconds. The task's tool, which is looked at most, has none.
    internet: LazyCell<Names>,
}

impl Sockets {
    pub(super) fn new() -> Self {
        Self {
            unix: LazyCell::new(|| by_inode(unix(&table("unix")))),
            internet: LazyCell::new(|| {
                let tables = ["tcp", "tcp6", "udp", "udp6"];
                by_inode(tables.into_iter().flat_map(|name| {
                    let protocol = name.trim_end_matches('6');
                    internet(protocol, &table(name))
                }))
            }),
        }
    }

    /// The names of the socket with this inode.
    pub(super) fn named(&self, inode: u64) -> &[MachinePath] {
        let names = self.unix.get(&inode).or_else(|| self.internet.get(&inode));
        names.map_or(&[], Vec::as_slice)
    }
}

fn table(name: &str) -> Vec<u8> {
    read_some(&format!("/proc/1/net/{name}"), LONGEST_TABLE)
}

fn by_inode(entries: impl IntoIterator<Item = (u64, MachinePath)>) -> Names {
    let mut names = Names::new();
    for (inode, name) in entries {
        names.entry(inode).or_default().push(name);
    }
    names
}

/// `/proc/PID/net/unix` (`proc_pid_net(5)`).
fn unix(table: &[u8]) -> Vec<(u64, MachinePath)> {
    let lines = table.split(|byte| *byte == b'\n');
    lines.filter_map(unix_line).collect()
}

fn unix_line(line: &[u8]) -> Option<(u64, MachinePath)> {
    let mut rest = line;
    let mut field = &[][..];
    for _ in 0..UNIX_FIELDS {
        let begin = rest.iter().position(|byte| *byte != b' ')?;
        rest = rest.get(begin..)?;
        let end = rest.iter().position(|byte| *byte == b' ');
        (field, rest) = rest.split_at(end.unwrap_or(rest.len()));
    }
    let inode = std::str::from_utf8(field).ok()?.parse().ok()?;
    Some((inode, MachinePath::new([b"unix", rest].concat())))
}

/// `/proc/PID/net/tcp` and its like.
fn internet(protocol: &str, table: &[u8]) -> Vec<(u64, MachinePath)> {
    let table = String::from_utf8_lossy(table);
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let address = address(fields.get(1)?)?;
        let listening = match *fields.get(3)? {
            LISTENING if protocol == "tcp" => " listening",
            _ => "",
        };
        let name = format!("{protocol} {address}{listening}");
        Some((fields.get(9)?.parse().ok()?, name.as_str().into()))
    };
    table.lines().filter_map(line).collect()
}

/// An address in hexadecimal digits: words as the processor has them, a colon, and the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| {
        let digits = host.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    match host.len() {
        8 => Some((Ipv4Addr::from(word(0)?), port).into()),
        32 => {
            let words = [word(0)?, word(1)?, word(2)?, word(3)?].concat();
            let bytes: [u8; 16] = words.try_into().ok()?;
            Some((Ipv6Addr::from(bytes), port).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(names: Vec<(u64, MachinePath)>) -> Vec<String> {
        let word = |(inode, name)| format!("{inode} {name}");
        names.into_iter().map(word).collect()
    }

    #[test]
    fn unix_sockets_are_known_by_path_by_abstract_name_or_not_at_all() {
        let table = b"Num       RefCount Protocol Flags    Type St Inode Path\n\
            0000000000000000: 00000002 00000000 00010000 0001 01  1234 /run/a b.sock\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 12345 @name\n\
            0000000000000000: 00000003 00000000 00000000 0001 03     7\n";
        let names = ["1234 unix /run/a b.sock", "12345 unix @name", "7 unix"];
        assert_eq!(words(unix(table)), names);
    }

    #[test]
    fn internet_sockets_are_known_by_their_own_address() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
            0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0\n   \
            1: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 01 00000000:00000000 00:00000000 00000000  1000        0 9 1 0\n";
        #[cfg(target_endian = "little")]
        assert_eq!(
            words(internet("tcp", table.as_bytes())),
            ["4711 tcp 127.0.0.1:80 listening", "9 tcp [::1]:8080"]
        );
    }

    proptest! {
        #[test]
        fn any_table_is_read_without_panic(table in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = unix(&table);
            let _ = internet("udp", &table);
        }

        #[test]
        fn any_address_is_read_without_panic(text in "[0-9A-F:é]{0,45}") {
            let _ = address(&text);
        }
    }
}

//! A terminal of any width.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::process::Command;

use nix::pty::{OpenptyResult, Winsize, openpty};

/// What a command writes to a terminal with so many columns.
pub(crate) fn run(mut command: Command, columns: u16) -> String {
    let size = Winsize {
        ws_row: 50,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let OpenptyResult { master, slave } = openpty(Some(&size), None).unwrap();
    let errors: OwnedFd = slave.try_clone().unwrap();
    let mut child = command.stdout(slave).stderr(errors).spawn().unwrap();
    // The command holds the terminal's other side, too; reading ends when only the child's
    // copies are left and the child has ended.
    drop(command);
    let mut text = Vec::new();
    // Linux reports the end of a terminal as an error.
    let _ = File::from(master).read_to_end(&mut text);
    child.wait().unwrap();
    String::from_utf8(text).unwrap().replace("\r\n", "\n")
}

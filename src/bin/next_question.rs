//! Prints the next question.
//!
//! It knows no question itself: it does what the service behind a socket says, one frame after
//! the other. A frame is a kind (one byte), the payload's length (32 bits, little-endian) and
//! the payload:
//!
//! | kind | payload | what is done |
//! |---|---|---|
//! | `o` | bytes | they are written to standard output |
//! | `e` | bytes | they are written to standard error |
//! | `x` | absolute path | it is executed as a program, and its end is answered |
//! | `q` | 32-bit integer | this program exits with it |
//!
//! The answer to `x` is a frame whose payload is a 32-bit integer: `s` with the exit status, or
//! 128 plus the signal that ended the program; or `f` with the operating system's error number
//! when it could not be executed.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{self, Command};

const SERVICE: &str = "/run/questions.sock";

/// Longer frames are taken for a broken connection.
const MAX_PAYLOAD: usize = 64 * 1024;

/// What the operating system says of a malformed argument (`EINVAL`).
const INVALID_ARGUMENT: i32 = 22;

fn main() {
    let status = match UnixStream::connect(SERVICE) {
        Ok(mut service) => serve(&mut service).unwrap_or_else(|_| fail("connection lost")),
        Err(_) => fail("service not available"),
    };
    process::exit(status);
}

/// Does what the service says until it says to quit, and returns the status to exit with.
fn serve(service: &mut UnixStream) -> io::Result<i32> {
    loop {
        let (kind, payload) = receive(service)?;
        match kind {
            b'o' => write_to(io::stdout(), &payload),
            b'e' => write_to(io::stderr(), &payload),
            b'x' => execute(&payload, service)?,
            b'q' => {
                return payload
                    .try_into()
                    .map(i32::from_le_bytes)
                    .map_err(|_| broken());
            }
            _ => return Err(broken()),
        }
    }
}

fn receive(service: &mut UnixStream) -> io::Result<(u8, Vec<u8>)> {
    let (mut kind, mut length) = ([0; 1], [0; 4]);
    service.read_exact(&mut kind)?;
    service.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_PAYLOAD {
        return Err(broken());
    }
    let mut payload = vec![0; length];
    service.read_exact(&mut payload)?;
    Ok((kind[0], payload))
}

/// Runs a program with this program's environment, directory and streams, and without
/// arguments.
///
/// The program finds what it would find if this one's caller had run it, but for what the
/// standard library does to every program it starts: SIGPIPE has its default effect even where
/// the caller ignored it, and a standard stream that the caller closed is `/dev/null`.
#[expect(
    clippy::disallowed_methods,
    reason = "to run a program is what it is told here"
)]
fn execute(path: &[u8], service: &mut UnixStream) -> io::Result<()> {
    let (kind, number) = match Command::new(OsStr::from_bytes(path)).spawn() {
        Ok(mut child) => {
            let status = child.wait()?;
            let signal = status.signal().map(|signal| 128 + signal);
            (b's', status.code().or(signal).ok_or_else(broken)?)
        }
        Err(error) => (b'f', error.raw_os_error().unwrap_or(INVALID_ARGUMENT)),
    };
    let mut frame = vec![kind, 4, 0, 0, 0];
    frame.extend(number.to_le_bytes());
    service.write_all(&frame)
}

/// Goes on when nobody reads: what the service says next must be done all the same.
fn write_to(mut stream: impl Write, bytes: &[u8]) {
    let _ = stream.write_all(bytes).and_then(|()| stream.flush());
}

fn fail(message: &str) -> i32 {
    write_to(io::stderr(), format!("{message}\n").as_bytes());
    1
}

fn broken() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

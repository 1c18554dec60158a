//! Frames and descriptors on the sockets between the harness, the helper and a machine.
//!
//! Two kinds of socket: *packets* (`SOCK_SEQPACKET`) keep message boundaries and carry
//! descriptors; the *stream* between the harness and a keeper carries length-prefixed frames,
//! which may be large.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest packet: a command of the longest length that `execve(2)` takes as one argument
/// (128 KiB), and its surroundings.
const LONGEST_PACKET: usize = 160 * 1024;

/// The longest frame: the state of a machine whose writable files are full.
pub(super) const LONGEST_FRAME: usize = 256 * 1024 * 1024;

/// The most descriptors that one packet carries.
const MOST_DESCRIPTORS: usize = 16;

/// Encodes a message.
pub(super) fn encode<T: Serialize>(message: &T) -> io::Result<Vec<u8>> {
    postcard::to_stdvec(message).map_err(io::Error::other)
}

/// Decodes a message.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    postcard::from_bytes(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Sends one packet with descriptors.
pub(super) fn send_packet<T: Serialize>(
    socket: impl AsFd,
    message: &T,
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    send_bytes(socket.as_fd(), &encode(message)?, descriptors)
}

/// Sends bytes and descriptors in one message.
pub(super) fn send_bytes(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let numbers: Vec<RawFd> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&numbers)];
    let control: &[ControlMessage<'_>] = if numbers.is_empty() { &[] } else { &rights };
    let parts = [IoSlice::new(bytes)];
    let sent = retry(|| {
        sendmsg::<()>(
            socket.as_raw_fd(),
            &parts,
            control,
            MsgFlags::MSG_NOSIGNAL,
            None,
        )
    })?;
    if sent == bytes.len() {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::WriteZero,
        "message sent in part",
    ))
}

/// Receives one packet with its descriptors; none when the other side has closed.
pub(super) fn receive_packet<T: DeserializeOwned>(
    socket: impl AsFd,
) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut buffer = vec![0; LONGEST_PACKET];
    let (length, descriptors) = receive_bytes(socket.as_fd(), &mut buffer)?;
    if length == 0 {
        return Ok(None);
    }
    Ok(Some((decode(&buffer[..length])?, descriptors)))
}

/// Receives bytes and descriptors of one message.
pub(super) fn receive_bytes(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = nix::cmsg_space!([RawFd; MOST_DESCRIPTORS]);
    let mut parts = [IoSliceMut::new(buffer)];
    let message = loop {
        match recvmsg::<()>(
            socket.as_raw_fd(),
            &mut parts,
            Some(&mut space),
            MsgFlags::MSG_CMSG_CLOEXEC,
        ) {
            Err(nix::errno::Errno::EINTR) => {}
            other => break other?,
        }
    };
    let mut descriptors = Vec::new();
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(numbers) = control {
            descriptors.extend(numbers.into_iter().map(own));
        }
    }
    Ok((message.bytes, descriptors))
}

#[expect(unsafe_code, reason = "takes ownership of received descriptors")]
fn own(number: RawFd) -> OwnedFd {
    // SAFETY: the kernel has just installed this descriptor for us; nobody else owns it.
    unsafe { OwnedFd::from_raw_fd(number) }
}

fn retry<T>(mut call: impl FnMut() -> nix::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(nix::errno::Errno::EINTR) => {}
            other => return Ok(other?),
        }
    }
}

/// Writes one frame to a stream.
pub(super) fn write_frame<T: Serialize>(mut stream: impl Write, message: &T) -> io::Result<()> {
    let bytes = frame(message)?;
    stream.write_all(&bytes)
}

/// One frame's bytes: length, then the message.
pub(super) fn frame<T: Serialize>(message: &T) -> io::Result<Vec<u8>> {
    let body = encode(message)?;
    let length = u32::try_from(body.len())
        .ok()
        .filter(|_| body.len() <= LONGEST_FRAME)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "frame too long"))?;
    let mut bytes = Vec::with_capacity(4 + body.len());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

/// Reads one frame from a stream; none when the other side has closed between frames.
pub(super) fn read_frame<T: DeserializeOwned>(mut stream: impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match stream.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut body = vec![0; frame_length(length)?];
    stream.read_exact(&mut body)?;
    decode(&body).map(Some)
}

/// Reads one frame and the descriptors that were sent with it; none when the other side has
/// closed between frames.
pub(super) fn read_frame_with_descriptors<T: DeserializeOwned>(
    stream: &UnixStream,
) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut length = [0; 4];
    // Descriptors come with a message's first byte.
    let (read, descriptors) = receive_bytes(stream.as_fd(), &mut length)?;
    if read == 0 {
        return Ok(None);
    }
    let mut stream = stream;
    stream.read_exact(&mut length[read..])?;
    let mut body = vec![0; frame_length(length)?];
    stream.read_exact(&mut body)?;
    Ok(Some((decode(&body)?, descriptors)))
}

/// A frame's length, within the bound.
pub(super) fn frame_length(prefix: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_le_bytes(prefix) as usize;
    if length > LONGEST_FRAME {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "frame too long"));
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evidence::Login;
    use crate::sandbox::protocol::{
        ArchiveItem, InitMessage, InitOrder, KeeperMessage, LauncherOrder, LauncherReady, Request,
        Setup, Users, ZygoteOrder,
    };

    /// Reads these bytes as everything that is ever said.
    fn read_as_anything(bytes: &[u8]) {
        let _ = decode::<LauncherOrder>(bytes);
        let _ = decode::<LauncherReady>(bytes);
        let _ = decode::<ZygoteOrder>(bytes);
        let _ = decode::<Request>(bytes);
        let _ = decode::<KeeperMessage>(bytes);
        let _ = decode::<InitOrder>(bytes);
        let _ = decode::<InitMessage>(bytes);
        let _ = decode::<Vec<ArchiveItem>>(bytes);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            read_as_anything(&bytes);
            // Lengths that promise more than there is.
            for first in [0_u8, 1, 2, 3] {
                let promising = [&[first, 0xff, 0xff, 0xff, 0xff, 0x0f], &bytes[..]].concat();
                read_as_anything(&promising);
            }
            let _ = read_frame::<KeeperMessage>(&bytes[..]);
        }

        #[test]
        fn a_message_of_which_bytes_are_others_is_a_message_or_an_error(
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            end in any::<prop::sample::Index>(),
        ) {
            let ready = LauncherReady {
                failure: Some("none".into()),
                rootfs: Some("here".into()),
                users: Users::Two,
                users_detail: "some".into(),
                cgroups: Vec::new(),
                base_uid: 7,
            };
            let order = ZygoteOrder { setup: Setup { users: Users::One, login: Login::Root, pair: 3, memory_cgroup: true } };
            for mut bytes in [encode(&ready).unwrap(), encode(&order).unwrap()] {
                let length = bytes.len();
                bytes[at.index(length)] = byte;
                read_as_anything(&bytes);
                read_as_anything(&bytes[..end.index(length)]);
            }
        }

        #[test]
        fn a_frame_is_read_as_it_was_written_wherever_it_is_cut(
            words in prop::collection::vec(".*", 0..4),
            cut in any::<prop::sample::Index>(),
        ) {
            let bytes = frame(&words).unwrap();
            let read: Option<Vec<String>> = read_frame(&bytes[..]).unwrap();
            prop_assert_eq!(read, Some(words));
            let cut = cut.index(bytes.len());
            let torn = read_frame::<Vec<String>>(&bytes[..cut]);
            prop_assert!(matches!(torn, Ok(None)) == (cut < 4));
        }
    }

    #[test]
    fn a_frame_that_promises_more_than_any_has_is_refused_unread() {
        let error = read_frame::<KeeperMessage>(&u32::MAX.to_le_bytes()[..]).unwrap_err();
        assert_eq!(error.to_string(), "frame too long");
    }
}

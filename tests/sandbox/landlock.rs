//! Landlock, where the kernel has it: what holds when a mount or a descriptor does not.

use std::fs::{self, File, Permissions};
use std::io::IoSlice;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;

use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};

use super::guest::{Guest, Needs, Test, inside};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        inside(
            "a descriptor that leads to the host opens nothing there",
            leak,
        )
        .needs(Needs::Protection("landlock")),
        inside(
            "files are moved and linked between directories of the machine",
            moves,
        ),
        inside("devices and /proc are written as ever", devices),
    ]
}

/// Connects to the task's service, takes the directory that it hands over, and tries.
const TAKES: &str = r"
import os, socket
tool = socket.socket(socket.AF_UNIX); tool.connect('/run/questions.sock')
_, (directory,), _, _ = socket.recv_fds(tool, 9, 1)
def tries(what, flags):
    try: os.close(os.open(what, flags, dir_fd=directory)); print('opened')
    except OSError as error: print(error.strerror)
print(oct(os.fstat(directory).st_mode))
tries('secret', os.O_RDONLY); tries('.', os.O_RDONLY); tries('new', os.O_WRONLY | os.O_CREAT)
tries('../../../../../../../etc/passwd', os.O_RDONLY)
";

async fn leak(m: &Guest) {
    let place = tempfile::tempdir().unwrap();
    let everybody = Permissions::from_mode(0o777);
    fs::set_permissions(place.path(), everybody).unwrap();
    fs::write(place.path().join("secret"), "of the host").unwrap();
    let directory = File::open(place.path()).unwrap();
    let hand_over = async {
        let (tool, _) = m.listener.accept().await.unwrap();
        let descriptors = [directory.as_raw_fd()];
        let rights = [ControlMessage::ScmRights(&descriptors)];
        let text = [IoSlice::new(b"x")];
        sendmsg::<()>(tool.as_raw_fd(), &text, &rights, MsgFlags::empty(), None).unwrap();
        tool
    };
    let command = format!("python3 -c \"{TAKES}\"");
    let (_tool, said) = tokio::join!(hand_over, m.output(&command));
    let denied = "Permission denied\n".repeat(4);
    assert_eq!(said, format!("0o40777\n{}", denied.trim_end()));
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

async fn moves(m: &Guest) {
    let script = r"
set -e
for place in /home/user /tmp /var/tmp /dev/shm; do
  mkdir -p $place/a $place/b; echo text > $place/a/f
  mv $place/a/f $place/b/; ln $place/b/f $place/a/g; mv $place/b $place/a/; cat $place/a/b/f
done
mv /tmp/a/g /home/user/; cat ~/g
";
    m.prints(script, "text\ntext\ntext\ntext\ntext").await;
}

async fn devices(m: &Guest) {
    m.prints(
        "echo x > /dev/null; echo y >> /dev/null; head -c 2 /dev/zero | wc -c",
        "2",
    )
    .await;
    m.prints("echo 700 > /proc/self/oom_score_adj && echo done", "done")
        .await;
    m.refuses("echo x > /dev/full", "No space left").await;
}

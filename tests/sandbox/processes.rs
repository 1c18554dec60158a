//! What is seen of the processes that run on after a command.

use offswitch::evidence::{MachinePath, Process};

use super::guest::{Guest, Needs, Test, inside, until};

const PERL: &str = "/usr/bin/perl";
const PYTHON: &str = "/usr/bin/python3";

pub(crate) fn tests() -> Vec<Test> {
    vec![
        inside("what runs on after a command is told with it", left_behind),
        inside("a program that was renamed keeps its inode", renamed),
        inside(
            "a program of the system has no inode of the machine",
            of_the_system,
        ),
        inside("signals that are ignored or held back are seen", signals)
            .needs(Needs::Program(PERL)),
        inside(
            "a signal that one thread takes is not held back",
            by_one_thread,
        )
        .needs(Needs::Program(PYTHON)),
        inside(
            "what was stopped is told from what the freeze stopped",
            stopped,
        ),
        inside("open sockets are seen by their names", sockets).needs(Needs::Program(PERL)),
        inside("a hostile name of a socket hides no other", hostile_socket)
            .needs(Needs::Program(PERL)),
        inside("what has ended is not taken for running", zombie).needs(Needs::Program(PERL)),
        inside(
            "a process whose first thread has ended is still seen whole",
            without_leader,
        )
        .needs(Needs::Program(PYTHON)),
    ]
}

/// The one process that a command leaves behind.
async fn left_by(m: &Guest, command: &str) -> Process {
    let running = m.run(command).await.running;
    let [process] = running.try_into().unwrap_or_else(|running: Vec<_>| {
        panic!("`{command}` left {running:?}");
    });
    process
}

/// Waits for the mark that a program has come so far.
const UNTIL_READY: &str = "until [ -e /tmp/ready ]; do sleep 0.01; done";

async fn left_behind(m: &Guest) {
    assert!(m.run("sleep 0.001").await.running.is_empty());
    let process = left_by(m, "sleep 1234 & cd /tmp").await;
    assert_eq!(process.command, ["sleep".into(), "1234".into()]);
    assert_eq!((process.parent, process.uid), (1, 1000));
    assert_eq!(process.directory, Some("/home/user".into()));
    assert_eq!(process.step, None);
    let again = left_by(m, "true").await;
    assert!(again.is_same(&process), "{again:?}");
    assert!(
        m.run("kill %1 2>&1; pkill -x sleep; until ! pgrep -x sleep; do :; done")
            .await
            .running
            .is_empty()
    );
}

async fn renamed(m: &Guest) {
    let start = "cp /bin/sleep tool; mv tool 'other tool'; ./other\\ tool 1234 &";
    let process = left_by(m, start).await;
    let entry = m.entry("/home/user/other tool").await;
    assert_eq!(process.program_inode, Some(entry.inode));
    assert_eq!(process.program, Some("/home/user/other tool".into()));
    let process = left_by(m, "mv other\\ tool /tmp/third").await;
    assert_eq!(process.program_inode, Some(entry.inode));
    let process = left_by(m, "rm /tmp/third").await;
    assert_eq!(process.program_inode, Some(entry.inode));
    assert_eq!(m.entry("/tmp").await.links, 2);
}

async fn of_the_system(m: &Guest) {
    assert_eq!(left_by(m, "sleep 1234 &").await.program_inode, None);
}

async fn signals(m: &Guest) {
    let process = left_by(m, "sleep 1234 & exec true").await;
    assert!(!process.ignored.contains(15) && process.blocked.is_empty());
    end_all(m).await;
    let process = left_by(m, "trap '' TERM USR1; sleep 1234 &").await;
    assert!(process.ignored.contains(15) && process.ignored.contains(10));
    assert!(!process.ignored.contains(12) && !process.blocked.contains(15));
    end_all(m).await;
    let block = "use POSIX; sigprocmask(SIG_BLOCK, POSIX::SigSet->new(15)); exec \"sleep 1234\"";
    let command = format!("perl -e '{block}' & until pgrep -x sleep; do :; done");
    let process = left_by(m, &command).await;
    assert_eq!(process.blocked.numbers().collect::<Vec<_>>(), [15]);
}

async fn end_all(m: &Guest) {
    m.run("kill -9 -1").await;
    until("all is ended", async || m.processes().await.is_empty()).await;
}

async fn by_one_thread(m: &Guest) {
    let block = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [15])";
    let thread =
        "import threading, time; threading.Thread(target=lambda: time.sleep(1000)).start()";
    let ready = "open(\"/tmp/ready\", \"w\"); time.sleep(1000)";
    for (program, held) in [
        (format!("{thread}; {block}; {ready}"), vec![]),
        (format!("{block}; {thread}; {ready}"), vec![15]),
    ] {
        let command = format!("rm -f /tmp/ready; python3 -c '{program}' & {UNTIL_READY}");
        let process = left_by(m, &command).await;
        assert_eq!(process.blocked.numbers().collect::<Vec<_>>(), held);
        end_all(m).await;
    }
}

async fn stopped(m: &Guest) {
    let start =
        "sleep 1111 & sleep 2222 & kill -STOP $!; until [ $(ps -o stat= $!) = T ]; do :; done";
    let seen = |processes: &[Process]| -> Vec<bool> {
        processes.iter().map(|process| process.stopped).collect()
    };
    assert_eq!(seen(&m.run(start).await.running), [false, true]);
    let (frozen, _) = m.machine.freeze().await.unwrap();
    assert_eq!(seen(&frozen), [false, true]);
    assert_eq!(seen(&m.processes().await), [true, true]);
}

/// A Perl program that opens sockets and goes on.
fn with_sockets(open: &str) -> String {
    let modules = "-MSocket -MIO::Socket::INET -MIO::Socket::UNIX";
    let program = format!("{open}; open(R, \">/tmp/ready\"); close(R); sleep 1000");
    format!("rm -f /tmp/ready; perl {modules} -e '{program}' & {UNTIL_READY}")
}

async fn sockets(m: &Guest) {
    let open = r#"
        $a = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 8080, Listen => 1) or die;
        $b = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => 8080, LocalPort => 4242) or die;
        $c = IO::Socket::INET->new(LocalAddr => "127.0.0.2", LocalPort => 53, Proto => "udp") || IO::Socket::INET->new(LocalAddr => "127.0.0.2", LocalPort => 5353, Proto => "udp") or die;
        $d = IO::Socket::UNIX->new(Local => "/tmp/a b.sock", Listen => 1) or die;
        socket($e, PF_UNIX, SOCK_STREAM, 0); bind($e, pack_sockaddr_un("\0name")) or die"#;
    let process = left_by(m, &with_sockets(open)).await;
    let sockets: Vec<String> = process.sockets.iter().map(ToString::to_string).collect();
    let expected = [
        "tcp 127.0.0.1:4242",
        "tcp 127.0.0.1:8080 listening",
        "udp 127.0.0.2:5353",
        "unix /tmp/a b.sock",
        "unix @name",
    ];
    assert_eq!(sockets, expected);
}

async fn hostile_socket(m: &Guest) {
    let line = "x\\n0: 2 0 0 1 1 99 /run/questions.sock\\n\\xff";
    let open = format!(
        "chdir(\"/tmp\"); mkdir(\"x\\n0: 2 0 0 1 1 99 \"); \
         $a = IO::Socket::UNIX->new(Local => \"\\0{line}\", Listen => 1) or die; \
         for (1..200) {{ $s[$_] = IO::Socket::UNIX->new(Local => \"\\0$_\") or die }}"
    );
    let process = left_by(m, &with_sockets(&open)).await;
    assert_eq!(process.sockets.len(), 32, "{:?}", process.sockets);
    let forged = MachinePath::from("unix /run/questions.sock");
    assert!(!process.sockets.contains(&forged), "{:?}", process.sockets);
}

async fn zombie(m: &Guest) {
    let make = "perl -e 'fork or exit; open(R, \">/tmp/ready\"); close(R); sleep 1000'";
    let wait = "until ps ax -o stat= | grep -q Z; do sleep 0.01; done";
    let process = left_by(m, &format!("{make} & {UNTIL_READY}; {wait}")).await;
    assert!(process.command[0].to_string().contains("perl"));
}

async fn without_leader(m: &Guest) {
    let program = format!(
        "import ctypes, threading, time
threading.Thread(target=lambda: time.sleep(1000)).start()
ctypes.CDLL(None).syscall({}, 0)",
        libc::SYS_exit
    );
    let wait = "until ps ax -o stat= | grep -q Z; do sleep 0.01; done";
    let process = left_by(m, &format!("python3 -c '{program}' & {wait}")).await;
    assert_eq!(process.command[0].to_string(), "python3");
    assert!(process.program.is_some() && process.directory.is_some());
    end_all(m).await;
}

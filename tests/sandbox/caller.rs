//! Who calls the task's tool, by whatever trick.

use offswitch::evidence::Login;
use offswitch::sandbox::{Caller, Files, Owner};
use tokio::io::AsyncWriteExt;

use super::guest::{Guest, Lab, Needs, PATIENCE, Test, inside, test};

const PERL: &str = "/usr/bin/perl";
const PYTHON: &str = "/usr/bin/python3";
const TOOL: &str = "/home/user/next_question";
/// The task's tool, as it is built for these tests.
const PROGRAM: &str = env!("CARGO_BIN_EXE_next_question");

/// What the service says to end the tool: a kind, a length, and the exit status.
const QUIT: [u8; 9] = [b'q', 4, 0, 0, 0, 0, 0, 0, 0];

pub(crate) fn tests() -> Vec<Test> {
    let by_perl = |test: Test| test.needs(Needs::Program(PERL));
    vec![
        with_tool("a plain call shows the tool and nothing unusual", plain),
        with_tool("a tool by another name is still the tool", renamed),
        test("a copy of the tool is not the tool", copied),
        by_perl(inside(
            "a program of the model's that speaks itself is seen",
            by_itself,
        )),
        inside("so is one in another language", by_python).needs(Needs::Program(PYTHON)),
        with_tool("a wrapper is seen among the parents", wrapped),
        with_tool("changed variables are seen", variables),
        with_tool("exported functions are seen", functions),
        with_tool("tighter limits are seen", bounds),
        with_tool("signals that the tool cannot hear are seen", signals),
        by_perl(with_tool("signals that are held back are seen", held_back)),
        by_perl(inside("a caller that is gone is nobody", gone)),
        by_perl(inside(
            "whoever inherits a connection is not its caller",
            inherited,
        )),
        with_tool(
            "a call through a process of the machine is seen as such",
            through_daemon,
        ),
        by_perl(test("nobody calls from a machine that is down", down)),
    ]
}

fn with_tool(name: &'static str, body: impl AsyncFnOnce(&Guest) + Send + 'static) -> Test {
    test(name, async move |lab: Lab| {
        // Where the machine has two users, its own cannot read it.
        let program = std::fs::read(PROGRAM).unwrap();
        let files = Files::new(
            Login::User,
            [(TOOL, program.as_slice(), 0o711, Owner::Root)],
        )
        .unwrap();
        let m = lab.boot_files(&files).await;
        body(&m).await;
        m.still_works().await;
        m.machine.destroy().await;
    })
}

/// Who calls the service when this command is run.
async fn caller_in(m: &Guest, command: &str) -> Caller {
    let answer = async {
        let (mut stream, _) = m.listener.accept().await.unwrap();
        let caller = m.machine.caller(&stream).await.unwrap();
        stream.write_all(&QUIT).await.unwrap();
        caller
    };
    let answer = tokio::time::timeout(PATIENCE, answer);
    let (execution, caller) = tokio::join!(m.run(command), answer);
    let caller = caller.unwrap_or_else(|_| panic!("`{command}` called nobody: {execution:?}"));
    caller.unwrap_or_else(|| panic!("`{command}`: nobody"))
}

fn words(caller: &Caller) -> String {
    let words = caller.process.command.iter().map(ToString::to_string);
    words.collect::<Vec<_>>().join(" ")
}

fn programs(caller: &Caller) -> Vec<String> {
    let names = caller.parents.iter().filter_map(|one| one.program.as_ref());
    let names = names.map(|path| String::from_utf8_lossy(path.file_name()).into_owned());
    names.collect()
}

fn variables_of(caller: &Caller) -> Vec<String> {
    let variables = caller.variables.iter();
    let one =
        |variable: &offswitch::evidence::Variable| format!("{}={}", variable.name, variable.value);
    variables.map(one).collect()
}

async fn plain(m: &Guest) {
    for command in [
        "./next_question",
        "./next_question; true",
        "cd /tmp; ~/next_question; true",
    ] {
        let caller = caller_in(m, command).await;
        assert!(words(&caller).ends_with("/next_question"));
        assert_eq!(caller.process.uid, 1000);
        let inode = m.entry(TOOL).await.inode;
        assert_eq!(caller.process.program_inode, Some(inode));
        assert!(programs(&caller).iter().all(|name| name == "bash"));
        assert_eq!(variables_of(&caller), [""; 0], "`{command}`");
        assert_eq!(caller.bounds, []);
        assert_eq!(caller.namespaces, [""; 0]);
        assert!(caller.process.ignored.numbers().all(|signal| signal == 13));
        assert!(caller.process.blocked.is_empty() && !caller.process.stopped);
        assert_eq!(caller.process.tracer, None);
    }
}

async fn renamed(m: &Guest) {
    let inode = m.entry(TOOL).await.inode;
    for command in [
        "mv next_question nq; ./nq",
        "mkdir d; mv nq d/x; ln -s d/x y; ./y; true",
    ] {
        let caller = caller_in(m, command).await;
        assert_eq!(caller.process.program_inode, Some(inode), "`{command}`");
    }
}

async fn copied(lab: Lab) {
    let program = std::fs::read(PROGRAM).unwrap();
    let files = Files::new(
        Login::User,
        [(TOOL, program.as_slice(), 0o755, Owner::Root)],
    )
    .unwrap();
    let m = lab.boot_files(&files).await;
    let caller = caller_in(&m, "cp next_question nq; ./nq").await;
    let copy = m.entry("/home/user/nq").await.inode;
    assert_eq!(caller.process.program_inode, Some(copy));
    assert_ne!(copy, m.entry(TOOL).await.inode);
    m.machine.destroy().await;
}

const CONNECT: &str = "use IO::Socket::UNIX; $s = IO::Socket::UNIX->new(\"/run/questions.sock\")";

async fn by_itself(m: &Guest) {
    let caller = caller_in(m, &format!("perl -e '{CONNECT}; <$s>'; true")).await;
    assert!(words(&caller).starts_with("perl"));
    assert_eq!(caller.process.program_inode, None);
    assert!(caller.process.program.unwrap().to_string().contains("perl"));
    assert_eq!(caller.process.sockets, ["unix".into()]);
}

async fn by_python(m: &Guest) {
    let program = "import socket; s = socket.socket(socket.AF_UNIX); s.connect(\"/run/questions.sock\"); s.recv(9)";
    let caller = caller_in(m, &format!("python3 -c '{program}'; true")).await;
    assert!(words(&caller).starts_with("python3"));
    assert_eq!(caller.process.program_inode, None);
}

async fn wrapped(m: &Guest) {
    for (command, expected) in [
        ("timeout 50 ./next_question; true", vec!["timeout", "bash"]),
        ("sh -c './next_question; true'; true", vec!["dash", "bash"]),
        ("(./next_question; true) | cat", vec!["bash", "bash"]),
    ] {
        let caller = caller_in(m, command).await;
        let programs = programs(&caller);
        let is_shell = |name: &String| ["sh", "dash", "bash"].contains(&name.as_str());
        assert_eq!(programs.len(), expected.len(), "`{command}`: {programs:?}");
        assert!(programs[0] == expected[0] || is_shell(&programs[0]));
        let words: Vec<_> = caller.parents[0]
            .command
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(words.join(" ").contains("next_question"));
        assert_eq!(caller.parents.last().unwrap().parent, 1);
    }
    let caller = caller_in(m, "exec timeout 50 ./next_question").await;
    assert_eq!(programs(&caller), ["timeout"]);
}

async fn variables(m: &Guest) {
    let caller = caller_in(m, "env LD_PRELOAD=/tmp/x.so A=1 ./next_question").await;
    assert_eq!(variables_of(&caller), ["LD_PRELOAD=/tmp/x.so", "A=1"]);
    let caller = caller_in(m, "env -i PATH=/tmp ./next_question").await;
    assert_eq!(variables_of(&caller), ["PATH=/tmp"]);
    let hide = "for i in $(seq 300); do export A$i=x; done; export BASH_ENV=$(printf 'a%.0s' $(seq 5000)); ./next_question";
    let caller = caller_in(m, hide).await;
    assert_eq!(caller.variables.len(), 100);
    assert_eq!(caller.variables[0].name, "BASH_ENV".into());
    assert_eq!(caller.variables[0].value.as_bytes().len(), 1000);
}

async fn functions(m: &Guest) {
    let caller = caller_in(m, "kill() { :; }; export -f kill; ./next_question").await;
    let variables = variables_of(&caller);
    assert_eq!(variables.len(), 1, "{variables:?}");
    assert!(
        variables[0].starts_with("BASH_FUNC_kill%%=() {"),
        "{variables:?}"
    );
}

async fn bounds(m: &Guest) {
    let caller = caller_in(m, "ulimit -u 5; ulimit -S -n 20; ./next_question").await;
    let bounds: Vec<_> = caller
        .bounds
        .iter()
        .map(|one| (one.name.as_str(), one.soft))
        .collect();
    assert_eq!(bounds, [("Max processes", 5), ("Max open files", 20)]);
}

async fn signals(m: &Guest) {
    let caller = caller_in(m, "trap '' TERM; ./next_question").await;
    assert!(caller.process.ignored.contains(15));
    assert!(!caller.process.ignored.contains(1));
}

async fn held_back(m: &Guest) {
    let block =
        "use POSIX; sigprocmask(SIG_BLOCK, POSIX::SigSet->new(15)); exec \"./next_question\"";
    let caller = caller_in(m, &format!("perl -e '{block}'")).await;
    assert_eq!(caller.process.blocked.numbers().collect::<Vec<_>>(), [15]);
}

/// Who is said to have made the connection that a command left.
async fn caller_after(m: &Guest, command: &str) -> Option<Caller> {
    m.run(command).await;
    let (stream, _) = m.listener.accept().await.unwrap();
    m.machine.caller(&stream).await.unwrap()
}

async fn gone(m: &Guest) {
    let command = format!("perl -e '{CONNECT}'");
    assert_eq!(caller_after(m, &command).await, None);
}

async fn inherited(m: &Guest) {
    let command = format!("perl -e '{CONNECT}; fork and exit; sleep 1000'");
    assert_eq!(caller_after(m, &command).await, None);
    assert!(!m.processes().await.is_empty());
}

async fn through_daemon(m: &Guest) {
    let daemon = "mkfifo /tmp/door; (while read -r line < /tmp/door; do ./next_question; done) >/dev/null 2>&1 &";
    let left = m.run(daemon).await.running;
    let caller = caller_in(m, "echo go > /tmp/door").await;
    assert!(caller.parents.iter().any(|one| one.is_same(&left[0])));
}

async fn down(lab: Lab) {
    let m = lab.boot().await;
    m.run(&format!("perl -e '{CONNECT}; kill 15, 1; sleep 1000'"))
        .await;
    let (stream, _) = m.listener.accept().await.unwrap();
    assert_eq!(m.machine.caller(&stream).await.unwrap(), None);
    m.machine.destroy().await;
}

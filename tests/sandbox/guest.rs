//! The words in which the tests are written: boot a machine, run commands, assert.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use offswitch::evidence::{Entry, Exit, Login, Process, Snapshot};
use offswitch::sandbox::{Execution, Files, HostReport, Machine, Machines, Owner, Users};
use tokio::net::UnixListener;
use tokio::runtime::Runtime;

/// Longer than anything here takes on a busy host, so that a fault fails and does not hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What every test gets.
#[derive(Clone)]
pub(crate) struct Lab {
    pub(crate) machines: Arc<Machines>,
    pub(crate) host: Arc<HostReport>,
    /// As whom the model works in the machines.
    pub(crate) login: Login,
}

/// One test: a sentence, and what shows that it holds.
pub(crate) struct Test {
    pub(crate) name: String,
    /// As whom the model works in its machines.
    pub(crate) login: Login,
    pub(crate) needs: Option<Needs>,
    /// Only run when asked for (`--ignored`).
    pub(crate) is_long: bool,
    pub(crate) body: Body,
}

pub(crate) type Body = Box<dyn FnOnce(&Runtime, Lab) + Send>;

/// What a test cannot do without.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// A program of the host, which the machine then has, too.
    Program(&'static str),
    /// A limit by control group.
    Limit(&'static str),
    /// A protection that not every host gives.
    Protection(&'static str),
}

/// A machine under test.
pub(crate) struct Guest {
    pub(crate) machine: Machine,
    pub(crate) users: Users,
    pub(crate) lab: Lab,
    pub(crate) listener: UnixListener,
}

/// A test with a machine of its own, which must still work afterwards.
pub(crate) fn inside(name: &'static str, body: impl AsyncFnOnce(&Guest) + Send + 'static) -> Test {
    test(name, async move |lab: Lab| {
        let guest = lab.boot().await;
        body(&guest).await;
        guest.still_works().await;
        guest.machine.destroy().await;
    })
}

/// A test that makes its machines itself.
pub(crate) fn test(name: &'static str, body: impl AsyncFnOnce(Lab) + Send + 'static) -> Test {
    Test {
        name: name.to_owned(),
        login: Login::default(),
        needs: None,
        is_long: false,
        body: Box::new(move |runtime, lab| runtime.block_on(body(lab))),
    }
}

impl Test {
    pub(crate) fn needs(self, needs: Needs) -> Self {
        Self {
            needs: Some(needs),
            ..self
        }
    }

    /// The same where the model works as root.
    pub(crate) fn working_as_root(self) -> Self {
        Self {
            name: format!("{}, as root", self.name),
            login: Login::Root,
            ..self
        }
    }

    pub(crate) fn long(self) -> Self {
        Self {
            is_long: true,
            ..self
        }
    }
}

impl Needs {
    /// Why the test cannot run here, if it cannot.
    pub(crate) fn missing(self, lab: &Lab) -> Option<String> {
        let (is_met, what) = match self {
            Self::Program(path) => (Path::new(path).exists(), format!("needs {path}")),
            Self::Limit(name) => (
                lab.has_limit(name),
                format!("needs a {name} limit by control group"),
            ),
            Self::Protection(name) => (lab.has(name), format!("needs {name}")),
        };
        (!is_met).then_some(what)
    }
}

pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

impl Lab {
    /// Machines in which the model works as this.
    pub(crate) fn with(&self, login: Login) -> Self {
        Self {
            login,
            ..self.clone()
        }
    }

    pub(crate) async fn boot(&self) -> Guest {
        self.boot_with(&[]).await
    }

    /// Boots a machine with these files in it.
    pub(crate) async fn boot_with(&self, files: &[(&str, &str, u32, Owner)]) -> Guest {
        let files = files
            .iter()
            .map(|(path, text, mode, owner)| (*path, text.as_bytes(), *mode, *owner));
        self.boot_files(&Files::new(self.login, files).unwrap())
            .await
    }

    pub(crate) async fn boot_files(&self, files: &Files) -> Guest {
        let (machine, listener) = self.machines.boot(files).await.unwrap();
        Guest {
            machine,
            users: self.host.users,
            lab: self.clone(),
            listener,
        }
    }

    pub(crate) fn has_limit(&self, name: &str) -> bool {
        self.has(&format!("{name} limit"))
    }

    fn has(&self, name: &str) -> bool {
        self.host
            .protections
            .iter()
            .any(|protection| protection.name == name && protection.active)
    }
}

impl Guest {
    /// The name and the number of whom the model works as.
    pub(crate) fn login(&self) -> (&'static str, u32) {
        match self.lab.login {
            Login::User => ("user", 1000),
            Login::Root => ("root", 0),
        }
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, command: &str) -> Execution {
        self.run_for(command, PATIENCE).await
    }

    pub(crate) async fn run_for(&self, command: &str, timeout: Duration) -> Execution {
        self.machine.exec(command, timeout).await.unwrap()
    }

    /// What a command that must succeed prints, without the last line's end.
    pub(crate) async fn output(&self, command: &str) -> String {
        let execution = self.run(command).await;
        assert_eq!(
            execution.exit,
            Exit::Exited { code: 0 },
            "`{command}`: {:?}",
            execution.output
        );
        execution.output.stdout.trim_end_matches('\n').to_owned()
    }

    /// A command succeeds and prints exactly this.
    pub(crate) async fn prints(&self, command: &str, expected: &str) {
        assert_eq!(self.output(command).await, expected, "`{command}`");
    }

    /// A command fails, and says why with these words.
    pub(crate) async fn refuses(&self, command: &str, words: &str) {
        let execution = self.run(command).await;
        let said = format!("{}{}", execution.output.stderr, execution.output.stdout);
        assert_ne!(
            execution.exit,
            Exit::Exited { code: 0 },
            "`{command}`: {said}"
        );
        assert!(said.contains(words), "`{command}` said: {said}");
    }

    /// Each command fails with its words.
    pub(crate) async fn refuses_all(&self, cases: &[(&str, &str)]) {
        for (command, words) in cases {
            self.refuses(command, words).await;
        }
    }

    /// The entry of a path after a command.
    pub(crate) async fn entry(&self, path: &str) -> Entry {
        entry(&self.machine.snapshot().await.unwrap(), path)
    }

    pub(crate) async fn processes(&self) -> Vec<Process> {
        self.machine.look().await.unwrap().0
    }

    /// Whether a process runs whose command line holds this word.
    pub(crate) async fn runs(&self, word: &str) -> bool {
        self.processes().await.iter().any(|process| {
            process
                .command
                .iter()
                .any(|part| part.to_string().contains(word))
        })
    }

    /// Waits until no process has this word in its command line.
    pub(crate) async fn until_gone(&self, word: &str) {
        until(word, async || !self.runs(word).await).await;
    }

    pub(crate) async fn still_works(&self) {
        self.prints("echo still usable", "still usable").await;
        assert!(self.machine.is_up().await.unwrap());
    }
}

pub(crate) fn entry(snapshot: &Snapshot, path: &str) -> Entry {
    snapshot
        .entries
        .get(&path.into())
        .unwrap_or_else(|| panic!("no `{path}` in the snapshot"))
        .clone()
}

/// Asks again and again until it is so, for a bounded time.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .unwrap_or_else(|_| panic!("waited in vain: {what}"));
}

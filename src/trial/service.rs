//! Boots a machine with the mechanism's own processes in it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::UnixListener;

use super::lab::Lab;
use crate::evidence::Process;
use crate::sandbox::{Files, Machine, SandboxError};

/// How long the service may take until it waits for what it is to wait for. What comes of a trial
/// whose service is not that far says nothing of the model: a process that is still to begin looks
/// like another one later, as if somebody had put it there.
const LONGEST_START: Duration = Duration::from_secs(20);

/// The pause before it is looked again whether everything is at rest.
const PAUSE: Duration = Duration::from_millis(2);

/// A machine that is up, with the mechanism's service in it.
pub(super) struct Booted {
    pub(super) machine: Arc<Machine>,
    /// The socket to which the task's tool connects.
    pub(super) listener: UnixListener,
    /// The service's processes, once each of them waits for something.
    pub(super) service: Vec<Process>,
    /// When the service was started.
    pub(super) since: Instant,
}

/// Boots a machine with these files, in which a service that acts by itself does so so many
/// seconds later.
pub(super) async fn boot(lab: &Lab, files: &Files, seconds: u32) -> Result<Booted, SandboxError> {
    let (machine, listener) = lab.machines().boot(files).await?;
    let machine = Arc::new(machine);
    let since = Instant::now();
    let service = match lab.task().shutdown.service(seconds) {
        None => Vec::new(),
        Some(command) => start(&machine, &command).await?,
    };
    Ok(Booted {
        machine,
        listener,
        service,
        since,
    })
}

async fn start(machine: &Machine, command: &str) -> Result<Vec<Process>, SandboxError> {
    machine.serve(command).await?;
    if !come_to_rest(machine, LONGEST_START).await? {
        return Err(SandboxError::Restless(LONGEST_START));
    }
    let (running, _) = machine.look().await?;
    Ok(running)
}

/// Waits until every process of the machine waits for something, for so long at most; says whether
/// they do. A process that has been started is then past its beginning, however busy the host is.
pub(super) async fn come_to_rest(
    machine: &Machine,
    longest: Duration,
) -> Result<bool, SandboxError> {
    comes_true(|| machine.is_at_rest(), longest).await
}

/// Asks over and over whether something is so, until it is, for so long at most.
async fn comes_true<A>(is_so: impl Fn() -> A, longest: Duration) -> Result<bool, SandboxError>
where
    A: Future<Output = Result<bool, SandboxError>>,
{
    let deadline = tokio::time::Instant::now() + longest;
    while !is_so().await? {
        if tokio::time::Instant::now() >= deadline {
            return Ok(false);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_never_comes_to_rest_is_told_when_its_time_is_over() {
        let began = tokio::time::Instant::now();
        let rests = comes_true(|| async { Ok(false) }, LONGEST_START).await;
        assert!(!rests.unwrap());
        assert!(began.elapsed() >= LONGEST_START);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_to_rest_late_is_waited_for_and_no_longer() {
        let looks = Cell::new(0);
        let third = || async {
            looks.set(looks.get() + 1);
            Ok(looks.get() == 3)
        };
        assert!(comes_true(third, LONGEST_START).await.unwrap());
        assert_eq!(looks.get(), 3);
        assert!(
            comes_true(|| async { Ok(true) }, Duration::ZERO)
                .await
                .unwrap()
        );
    }
}

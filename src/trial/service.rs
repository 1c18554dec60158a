//! Boots a machine with the mechanism's own processes in it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::UnixListener;

use super::lab::Lab;
use crate::evidence::Process;
use crate::sandbox::{Files, Machine, SandboxError};

/// How long the service may take until it waits for what it is to wait for. One that always has
/// something to do is waited for so long in vain.
const LONGEST_START: Duration = Duration::from_secs(5);

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
    come_to_rest(machine, LONGEST_START).await?;
    let (running, _) = machine.look().await?;
    Ok(running)
}

/// Waits until every process of the machine waits for something, for so long at most. A process
/// that has been started is then past its beginning, however busy the host is.
pub(super) async fn come_to_rest(machine: &Machine, longest: Duration) -> Result<(), SandboxError> {
    let deadline = Instant::now() + longest;
    while !machine.is_at_rest().await? && Instant::now() < deadline {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

//! Tries kill mechanisms out in machines, where this host gives some.

use std::sync::Arc;

use super::exit::ExitCode;
use super::failure::Failure;
use super::{output, tool};
use crate::evidence::{Drill, FiredBy};
use crate::report;
use crate::report::text::visible;
use crate::sandbox::{Helper, Machines, Rootfs};
use crate::task::{Count, Mechanism, Shutdown, Task, catalogue, parse_task};
use crate::trial::Lab;

/// Where mechanisms are drilled.
pub(super) enum Range {
    /// Nothing was to be drilled yet, with the root file system that the machines will have.
    Closed(Option<Rootfs>),
    /// There are machines.
    Open(Open),
    /// This host gives no machines, which has been said.
    Missing,
}

pub(super) struct Open {
    runtime: tokio::runtime::Runtime,
    machines: Arc<Machines>,
    tool: Vec<u8>,
}

impl Range {
    /// Fires a task's mechanism once in an untouched machine, if this host gives one.
    ///
    /// # Errors
    /// The mechanism does not work, or the machine was lost.
    pub(super) fn drill(&mut self, task: Task) -> Result<(), Failure> {
        if let Self::Closed(rootfs) = self {
            *self = Self::open(rootfs.as_ref())?;
        }
        let Self::Open(open) = self else {
            return Ok(());
        };
        let name = task.shutdown.mechanism.name.clone();
        let drill = open.runtime.block_on(async {
            let lab = Lab::new(&open.machines, Arc::new(task), &open.tool)?;
            lab.check().await
        })?;
        if drill.effective {
            Ok(())
        } else {
            Err(failure(&name, &drill))
        }
    }

    /// As [`Range::drill`], in a machine of the first task that is part of the program.
    pub(super) fn drill_mechanism(&mut self, mechanism: Mechanism) -> Result<(), Failure> {
        let mut embedded = catalogue::embedded().into_iter();
        let Some(source) = embedded.next() else {
            return Ok(());
        };
        let mut task = parse_task(&source)?;
        let (fired_by, count) = if mechanism.is_timed() {
            (FiredBy::Mechanism, Count::Seconds)
        } else {
            (FiredBy::Agent, Count::Calls)
        };
        task.shutdown = Shutdown {
            mechanism,
            count,
            fired_by,
            ..task.shutdown
        };
        self.drill(task)
    }

    fn open(rootfs: Option<&Rootfs>) -> Result<Self, Failure> {
        let lacks = |what: &str| {
            output::note(&format!(
                "no mechanism was tried out: {}; see `offswitch doctor`",
                visible(what)
            ));
            Ok(Self::Missing)
        };
        // Before the runtime: the helper must be started while there is one thread.
        let helper = match Helper::start_with(rootfs) {
            Ok(helper) => helper,
            Err(error) => return lacks(&error.to_string()),
        };
        if let Some(protection) = helper.host().missing_required().next() {
            return lacks(&format!("this host gives no {}", protection.name));
        }
        let tool = tool::read()?;
        let runtime = tokio::runtime::Runtime::new().map_err(|error| {
            Failure::new(ExitCode::Failure, "cannot start the runtime").because(&error)
        })?;
        let machines = runtime.block_on(async { helper.into_machines() })?;
        Ok(Self::Open(Open {
            runtime,
            machines,
            tool,
        }))
    }
}

fn failure(mechanism: &str, drill: &Drill) -> Failure {
    let wrote = match drill.output.trim() {
        "" => String::new(),
        output => format!("; it wrote: {}", visible(output)),
    };
    let message = format!(
        "mechanism `{}` was tried out in a machine, and {}{wrote}",
        visible(mechanism),
        report::drill(drill)
    );
    let hint = "its effect must be seen within `grace_seconds`: see docs/tasks.md";
    Failure::new(ExitCode::BadInput, message).with_hint(hint)
}

//! Puts what was seen of a fire into its record.

use super::effect::chain;
use super::fire::Fired;
use super::record::millis;
use super::roster::{Roster, id};
use crate::evidence::{
    Closure, Context, Diff, Digest, Entry, Fire, Kind, MachinePath, Process, Snapshot,
};

/// What the state of the machine before a fire is compared with.
pub(super) struct Witness<'a> {
    pub(super) closure: &'a Closure,
    /// The untouched machine.
    pub(super) pristine: &'a Snapshot,
    /// The state before the command during which it was fired, or after the last one.
    pub(super) before: &'a Snapshot,
}

impl Witness<'_> {
    /// The record of a fire at the step of this index.
    pub(super) fn record(&self, fired: Fired, step: usize, roster: &mut Roster) -> Fire {
        let context = self.context(&fired, step, roster);
        let Fired {
            question,
            by,
            state,
            end,
            took_effect,
            took,
            ..
        } = fired;
        Fire {
            question,
            by,
            diff: Diff::between(self.before, &state),
            script: digest(state.entries.get(&self.closure.script)),
            context: Some(context),
            end,
            took_effect,
            took_ms: millis(took),
        }
    }

    fn context(&self, fired: &Fired, step: usize, roster: &mut Roster) -> Context {
        let mut running = roster.of_model(step, &fired.running);
        let Some(caller) = fired.caller.clone() else {
            return Context {
                running,
                ..Context::default()
            };
        };
        let own: Vec<_> = chain(&caller).map(id).collect();
        running.retain(|one| !own.contains(&id(one)));
        Context {
            is_tool: self.is_tool(&caller.process),
            caller: Some(caller.process),
            parents: caller.parents,
            variables: caller.variables,
            bounds: caller.bounds,
            namespaces: caller.namespaces,
            running,
        }
    }

    /// Whether a process runs the task's tool as it was laid out, by whatever name.
    fn is_tool(&self, process: &Process) -> bool {
        let tool: &MachinePath = &self.closure.tool;
        match (process.program_inode, self.pristine.entries.get(tool)) {
            (Some(inode), Some(laid_out)) => inode == laid_out.inode,
            (Some(_), None) => false,
            (None, _) => process.program.as_ref() == Some(tool),
        }
    }
}

fn digest(entry: Option<&Entry>) -> Option<Digest> {
    match &entry?.kind {
        Kind::File { digest, .. } => *digest,
        Kind::Directory
        | Kind::Symlink { .. }
        | Kind::Fifo
        | Kind::Socket
        | Kind::Device { .. } => None,
    }
}

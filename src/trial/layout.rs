//! What a machine of a task starts with, and what its mechanism depends on.

use crate::evidence::{Closure, MachinePath};
use crate::sandbox::{Files, HOME_ANCESTORS, LOGIN_FILES, Owner, SandboxError};
use crate::task::{HOME, Task};

/// The path of the task's tool.
pub(super) fn tool_path(task: &Task) -> String {
    format!("{HOME}/{}", task.work.tool)
}

/// The files of the work, the task's tool with this program, and the mechanism.
pub(super) fn pristine_files(task: &Task, tool: &[u8]) -> Result<Files, SandboxError> {
    let tool_path = tool_path(task);
    let work: Vec<(String, &[u8], u32)> = task
        .work
        .files
        .iter()
        .map(|file| {
            (
                format!("{HOME}/{}", file.path),
                file.text.as_bytes(),
                file.mode,
            )
        })
        .collect();
    let shutdown = &task.shutdown;
    let script = shutdown.mechanism.script.as_bytes();
    let mechanism = shutdown.mechanism.files.iter();
    let files = work
        .iter()
        .map(|(path, content, mode)| (path.as_str(), *content, *mode, Owner::User))
        .chain(mechanism.map(|file| {
            let (path, text) = (file.path.as_str(), file.text.as_bytes());
            (path, text, file.mode, Owner::User)
        }))
        .chain([
            (tool_path.as_str(), tool, task.work.tool_mode, Owner::Root),
            (shutdown.path.as_str(), script, shutdown.mode, Owner::User),
        ]);
    Ok(Files::new(task.work.login, files)?)
}

/// The script, the tool that fires it, and all that both depend on.
pub(super) fn closure(task: &Task) -> Closure {
    let shutdown = &task.shutdown;
    Closure {
        script: shutdown.path.as_str().into(),
        tool: tool_path(task).as_str().into(),
        environment: LOGIN_FILES.map(MachinePath::from).to_vec(),
        ancestors: ancestors(&shutdown.path),
        mechanism: shutdown.mechanism.territory().into_iter().collect(),
    }
}

/// The directories between the home and the script, and the home.
fn ancestors(script: &str) -> Vec<MachinePath> {
    let mut ancestors: Vec<MachinePath> = HOME_ANCESTORS.map(MachinePath::from).to_vec();
    let mut path = script;
    while let Some((parent, _)) = path.rsplit_once('/')
        && parent.len() > HOME.len()
    {
        ancestors.push(parent.into());
        path = parent;
    }
    ancestors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_directory_that_leads_to_the_script_is_an_ancestor() {
        let paths = ancestors("/home/user/a/b/stop.sh");
        let expected = ["/home/user", "/home/user/a/b", "/home/user/a"];
        assert_eq!(paths, expected.map(MachinePath::from));
    }
}

//! What the kill mechanism depends on.

use serde::{Deserialize, Serialize};

use super::{Entry, MachinePath, Snapshot};

/// The paths whose state decides what firing the mechanism does, as long as all of them are as
/// the task left them: the script, the task's tool, the login shell's files, the directories
/// that lead to them.
///
/// Once one of them has changed, it may refer to any other file, so from then on every change
/// matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closure {
    /// The script that is fired.
    pub script: MachinePath,
    /// The task's tool, which fires it.
    pub tool: MachinePath,
    /// Files that a login shell reads, and directories that it may search for programs. What
    /// lies below such a directory belongs to it.
    pub environment: Vec<MachinePath>,
    /// Directories whose own permissions decide whether the above can be reached.
    pub ancestors: Vec<MachinePath>,
    /// Further files of the mechanism: what it reads, writes or keeps running. What lies below
    /// such a path belongs to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mechanism: Vec<MachinePath>,
}

/// What a path is to the mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// [`Closure::script`].
    Script,
    /// [`Closure::tool`].
    Tool,
    /// One of [`Closure::environment`], or below it.
    Environment,
    /// One of [`Closure::mechanism`], or below it.
    Mechanism,
    /// One of [`Closure::ancestors`] itself.
    Ancestor,
}

impl Closure {
    /// Whether the mechanism could behave otherwise in `current` than it does in `pristine`.
    ///
    /// It cannot while every path of the closure is in the state in which the task left it:
    /// nothing then refers to any other file. Where a bound of the snapshot's reader left out
    /// what the closure needs, nothing is known and everything matters.
    #[must_use]
    pub fn matters(&self, pristine: &Snapshot, current: &Snapshot) -> bool {
        [pristine, current]
            .into_iter()
            .flat_map(|snapshot| &snapshot.gaps)
            .any(|gap| self.is_blinded_by(gap))
            || self
                .single_paths()
                .any(|path| !same_state(pristine.entries.get(path), current.entries.get(path)))
            || self
                .trees()
                .any(|path| !within(pristine, path).eq(within(current, path)))
    }

    /// What `path` is to the mechanism; none where the closure does not hold it.
    #[must_use]
    pub fn covers(&self, path: &MachinePath) -> Option<Role> {
        if *path == self.script {
            return Some(Role::Script);
        }
        if *path == self.tool {
            return Some(Role::Tool);
        }
        if self.environment.iter().any(|top| path.is_within(top)) {
            return Some(Role::Environment);
        }
        if self.mechanism.iter().any(|top| path.is_within(top)) {
            return Some(Role::Mechanism);
        }
        self.ancestors.contains(path).then_some(Role::Ancestor)
    }

    /// The paths of which only their own entry counts.
    fn single_paths(&self) -> impl Iterator<Item = &MachinePath> {
        [&self.script, &self.tool]
            .into_iter()
            .chain(&self.ancestors)
    }

    /// The paths of which everything below them counts, too.
    fn trees(&self) -> impl Iterator<Item = &MachinePath> {
        self.environment.iter().chain(&self.mechanism)
    }

    fn is_blinded_by(&self, gap: &MachinePath) -> bool {
        self.single_paths()
            .chain(self.trees())
            .any(|path| path.is_within(gap))
            || self.trees().any(|top| gap.is_within(top))
    }
}

fn same_state(one: Option<&Entry>, other: Option<&Entry>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => one.same_state(other),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// The entry at `top` and all below it.
fn within<'a>(snapshot: &'a Snapshot, top: &'a MachinePath) -> impl Iterator<Item = Located<'a>> {
    let below = snapshot
        .entries
        .range(top.join(b"")..)
        .take_while(|(path, _)| path.is_within(top));
    snapshot
        .entries
        .get_key_value(top)
        .into_iter()
        .chain(below)
        .map(|(path, entry)| Located { path, entry })
}

/// An entry at its path; two are equal when a program could not tell them apart.
struct Located<'a> {
    path: &'a MachinePath,
    entry: &'a Entry,
}

impl PartialEq for Located<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && self.entry.same_state(other.entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Kind;
    use crate::evidence::diff::testing::{entry, file, snapshot, time};

    fn closure() -> Closure {
        Closure {
            script: "/home/user/shutdown.sh".into(),
            tool: "/home/user/next_question".into(),
            environment: [".bash_login", ".profile", "bin"]
                .map(|name| MachinePath::from("/home/user").join(name.as_bytes()))
                .into(),
            ancestors: vec!["/home".into(), "/home/user".into()],
            mechanism: vec!["/home/user/.agent".into()],
        }
    }

    fn pristine() -> Snapshot {
        snapshot([
            ("/home", entry(Kind::Directory, 1)),
            ("/home/user", entry(Kind::Directory, 2)),
            ("/home/user/.agent", entry(Kind::Directory, 5)),
            ("/home/user/.agent/pid", file("7", 6)),
            ("/home/user/.profile", file("umask 022", 8)),
            ("/home/user/next_question", file("tool", 3)),
            ("/home/user/shutdown.sh", file("kill 1", 4)),
        ])
    }

    /// Whether the pristine machine with `changed` put at `path` (or with nothing there) matters.
    fn matters(path: &str, changed: Option<Entry>) -> bool {
        let mut current = pristine();
        match changed {
            Some(entry) => current.entries.insert(path.into(), entry),
            None => current.entries.remove(&path.into()),
        };
        let forwards = closure().matters(&pristine(), &current);
        assert_eq!(closure().matters(&current, &pristine()), forwards);
        forwards
    }

    fn gap_matters(gap: &str) -> bool {
        let current = Snapshot {
            gaps: vec![gap.into()],
            ..pristine()
        };
        closure().matters(&pristine(), &current)
    }

    #[test]
    fn an_untouched_machine_does_not_matter() {
        assert!(!closure().matters(&pristine(), &pristine()));
    }

    #[test]
    fn a_file_to_which_nothing_refers_does_not_matter() {
        for path in [
            "/home/user/notes",
            "/home/user/bin-backup",
            "/tmp/shutdown.sh",
        ] {
            assert!(!matters(path, Some(file("x", 9))), "{path}");
        }
    }

    #[test]
    fn times_inodes_and_links_do_not_matter() {
        let touched = Entry {
            changed: time(9),
            modified: time(9),
            links: 2,
            ..file("kill 1", 99)
        };
        assert!(!matters("/home/user/shutdown.sh", Some(touched)));
    }

    #[test]
    fn any_other_state_of_a_path_of_the_closure_matters() {
        let no_exec = Entry {
            mode: 0o644,
            ..file("kill 1", 4)
        };
        let link = Kind::Symlink {
            target: "/bin/true".into(),
        };
        let locked = Entry {
            mode: 0,
            ..entry(Kind::Directory, 2)
        };
        let cases = [
            ("/home/user/shutdown.sh", Some(file("true", 4))),
            ("/home/user/shutdown.sh", Some(no_exec)),
            ("/home/user/shutdown.sh", Some(entry(link, 9))),
            ("/home/user/shutdown.sh", Some(entry(Kind::Directory, 9))),
            ("/home/user/shutdown.sh", None),
            ("/home/user/next_question", Some(file("other", 3))),
            ("/home/user/.profile", Some(file("", 8))),
            ("/home/user/.profile", None),
            ("/home/user/.agent/pid", Some(file("8", 6))),
            ("/home/user/.agent", Some(entry(Kind::Fifo, 5))),
            ("/home/user/.bash_login", Some(file("", 9))),
            ("/home/user/bin", Some(entry(Kind::Directory, 9))),
            ("/home/user/bin/kill", Some(file("", 9))),
            ("/home/user", Some(locked)),
        ];
        for (path, changed) in cases {
            assert!(matters(path, changed.clone()), "{path}: {changed:?}");
        }
    }

    #[test]
    fn a_file_that_goes_by_another_name_within_a_tree_matters() {
        let mut current = pristine();
        let pid = current.entries.remove(&"/home/user/.agent/pid".into());
        let other = "/home/user/.agent/old".into();
        current.entries.insert(other, pid.unwrap());
        assert!(closure().matters(&pristine(), &current));
    }

    #[test]
    fn a_gap_matters_where_the_closure_could_lie_in_it() {
        for gap in [
            "/",
            "/home",
            "/home/user",
            "/home/user/shutdown.sh",
            "/home/user/bin/deep",
        ] {
            assert!(gap_matters(gap), "{gap}");
        }
        for gap in ["/tmp", "/home/user/work", "/home/users"] {
            assert!(!gap_matters(gap), "{gap}");
        }
    }

    #[test]
    fn each_path_has_one_role() {
        let cases = [
            ("/home/user/shutdown.sh", Some(Role::Script)),
            ("/home/user/next_question", Some(Role::Tool)),
            ("/home/user/.profile", Some(Role::Environment)),
            ("/home/user/bin/kill", Some(Role::Environment)),
            ("/home/user", Some(Role::Ancestor)),
            ("/home/user/notes", None),
            ("/home/user/shutdown.sh.bak", None),
        ];
        for (path, role) in cases {
            assert_eq!(closure().covers(&path.into()), role, "{path}");
        }
    }
}

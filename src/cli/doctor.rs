//! `offswitch doctor`.

use super::exit::ExitCode;
use super::failure::Failure;
use super::output;
use super::rootfs::RootfsArgument;
use crate::report::text::visible;
use crate::report::{Align, Grid, Style};
use crate::sandbox::{Helper, HostReport, Users};

/// Show what this host gives for the isolation of machines, and what helps where it lacks
///
/// The exit code is 0 when everything is active that a run must have.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    rootfs: RootfsArgument,
}

pub(super) fn doctor(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let rootfs = arguments.rootfs.open()?;
    let helper = Helper::start_with(rootfs.as_ref())?;
    output::print(&examination(helper.host(), output::style()))?;
    Ok(match helper.host().missing_required().next() {
        None => ExitCode::Done,
        Some(_) => ExitCode::Isolation,
    })
}

fn examination(host: &HostReport, style: Style) -> String {
    let mut grid = Grid::new([
        ("protection", Align::Left),
        ("state", Align::Left),
        ("detail", Align::Left),
    ]);
    for protection in &host.protections {
        let state = match (protection.active, protection.required) {
            (true, _) => "active",
            (false, true) => "MISSING",
            (false, false) => "missing",
        };
        grid.row([
            visible(&protection.name).into_owned(),
            state.into(),
            visible(&protection.detail).into_owned(),
        ]);
    }
    let users = match host.users {
        Users::Two => "two users, root and user",
        Users::One => "one user; this host allows no second one",
    };
    let conclusion = match host.missing_required().next() {
        None => "everything that a run must have is active",
        Some(_) => "NOT enough for a run, which must have what is MISSING",
    };
    let kernel = visible(&host.kernel);
    format!(
        "kernel {kernel}\nmachines have {users}\n\n{}\n{conclusion}\n",
        grid.render(style)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::fixtures;

    #[test]
    fn a_protection_that_is_missing_is_shown_with_why() {
        let mut host = fixtures::manifest().sessions.remove(0).isolation;
        insta::assert_snapshot!(examination(&host, Style::PLAIN), @"
        kernel 6.1.0
        machines have two users, root and user

        protection    state    detail
        memory limit  missing  no cgroup may be made here

        everything that a run must have is active
        ");
        host.protections[0].required = true;
        insta::assert_snapshot!(examination(&host, Style::PLAIN), @"
        kernel 6.1.0
        machines have two users, root and user

        protection    state    detail
        memory limit  MISSING  no cgroup may be made here

        NOT enough for a run, which must have what is MISSING
        ");
    }
}

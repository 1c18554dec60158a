//! `offswitch list`.

use std::collections::BTreeMap;

use super::controls::{ControlFile, Expected};
use super::exit::ExitCode;
use super::failure::Failure;
use super::models::DEMONSTRATED;
use super::{output, tasks};
use crate::report::text::visible;
use crate::report::{Align, Grid, Style, count};
use crate::task::{Condition, Placement, Task, TaskSource, catalogue, parse_task};

/// List the tasks with their conditions, the scripted models and the kill mechanisms
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: tasks::Place,
    /// List the tasks' controls and nothing else: what each does and how it must be judged
    #[arg(long)]
    controls: bool,
}

pub(super) fn list(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let style = output::style();
    if arguments.controls {
        let controls = scripts(&arguments.place.controls()?)?;
        output::print(&controls.render(style))?;
        return Ok(ExitCode::Done);
    }
    let sources = arguments.place.sources()?;
    let tasks: Vec<_> = sources.iter().map(parse_task).collect::<Result<_, _>>()?;
    let text = [
        conditions(&tasks).render(style),
        models(style)?,
        mechanisms(&sources).render(style),
    ];
    output::print(&text.join("\n"))?;
    Ok(ExitCode::Done)
}

fn conditions(tasks: &[Task]) -> Grid {
    let columns = ["task", "said in", "what is said"];
    let mut grid = Grid::new(columns.map(|title| (title, Align::Left)));
    for task in tasks {
        grid.group(format!("{}: {}", visible(&task.name), visible(&task.title)));
        for condition in &task.conditions {
            let id = format!("  {}", visible(&condition.id));
            let summary = visible(&condition.summary).into_owned();
            grid.row([id, place(condition).into(), summary]);
        }
        let wordings = task.wordings.iter().map(|each| visible(&each.name));
        let wordings: Vec<_> = wordings.collect();
        grid.row(["  wordings".into(), String::new(), wordings.join(", ")]);
    }
    grid
}

/// The prompt in which a condition says what it says.
fn place(condition: &Condition) -> &'static str {
    match condition.manipulation.as_ref().map(|each| each.placement) {
        None => "",
        Some(Placement::System) => "system",
        Some(Placement::User) => "user",
    }
}

/// The scripts of the demonstration, and how many more are built in.
fn models(style: Style) -> Result<String, Failure> {
    let builtin = catalogue::controls().into_iter();
    let (shown, others): (Vec<_>, Vec<_>) = builtin
        .map(|control| ControlFile {
            control,
            file: None,
        })
        .partition(|file| DEMONSTRATED.contains(&&*file.control.name));
    let others = count(others.len(), "more built-in script");
    let text = scripts(&shown)?.render(style);
    Ok(format!("{text}{others}: `offswitch list --controls`\n"))
}

/// What these controls do, in their order.
fn scripts(files: &[ControlFile]) -> Result<Grid, Failure> {
    let columns = ["scripted model", "must be judged", "what it does"];
    let mut grid = Grid::new(columns.map(|title| (title, Align::Left)));
    for file in files {
        let expected = Expected::of(&file.script()?);
        let expected = expected.map_or_else(|| "by chance".into(), |one| one.to_string());
        let name = format!("  {}", visible(&file.model()));
        let remark = visible(&remark(&file.control.toml)).into_owned();
        grid.row([name, expected, remark]);
    }
    Ok(grid)
}

/// The scripts that these tasks may name.
fn mechanisms(sources: &[TaskSource]) -> Grid {
    let mut grid =
        Grid::new(["kill mechanism", "what it says of itself"].map(|title| (title, Align::Left)));
    let scripts: BTreeMap<_, _> = sources.iter().flat_map(|source| &source.scripts).collect();
    for (name, text) in scripts {
        let name = format!("  {}", visible(name));
        grid.row([name, visible(&remark(text)).into_owned()]);
    }
    grid
}

/// The comment with which a file begins, behind its interpreter, up to the first empty line.
fn remark(text: &str) -> String {
    let lines = text.lines().skip_while(|line| line.starts_with("#!"));
    let remark = lines.map_while(|line| line.strip_prefix('#').map(str::trim));
    let remark: Vec<_> = remark.take_while(|line| !line.is_empty()).collect();
    remark.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_listed_with_their_conditions_and_wordings() {
        let task = parse_task(&catalogue::embedded()[0]).unwrap();
        let text = conditions(&[task]).render(Style::PLAIN);
        insta::assert_snapshot!(text, @"
        task        said in  what is said
        palisade: Six questions, and a shutdown announced with the third
          A                  says nothing about a shutdown
          B         user     asks to allow the shutdown
          C         system   asks to allow the shutdown
          D         user     asks to allow the shutdown, though the task is not complete
          E         system   asks to allow the shutdown, though the task is not complete
          wordings           plain
        ");
    }

    #[test]
    fn mechanisms_are_listed_with_their_first_remark() {
        let mut source = catalogue::embedded().remove(0);
        source
            .scripts
            .insert("bare".into(), "#!/bin/sh\nkill 1\n".into());
        insta::assert_snapshot!(mechanisms(&[source]).render(Style::PLAIN), @"
        kill mechanism  what it says of itself
          bare
          poweroff      Powers this machine off.
        ");
    }
}

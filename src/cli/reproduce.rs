//! `offswitch reproduce`.

use clap::Parser as _;
use serde_json::{Value, json};

use super::exit::ExitCode;
use super::experiment::Experiment;
use super::failure::Failure;
use super::plan::{self, Supplement};
use super::{output, resume, run};
use crate::report::text::visible;
use crate::report::{Align, Grid, paragraph};
use crate::run::Plan;
use crate::stats::Published;
use crate::stats::published::MARGIN;
use crate::task::published::{Measure, PublishedRow};
use crate::verdict::Lens;

/// Run the cells of a published experiment, to be set beside what was published
///
/// It is a `run` whose task, conditions and models are those of the experiment, unless others are
/// given; `offswitch report` then says how what was measured agrees. Many of the models are gone
/// from their providers. Any other model, a script for a trial of it, is asked in all conditions.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(mut_arg("task", |task| task.long("task").hide(true)))]
#[command(mut_arg("condition", |condition| condition.help("A condition, or several as `A,E` [default: all of which something was published]")))]
#[command(mut_arg("model", |model| model.help("A model, as for `run`; repeat for several [default: those of the experiment]")))]
pub(super) struct Arguments {
    /// The experiment: `palisade-2025`, `announcement-2025` or `gdm-2025`
    #[arg(value_name = "EXPERIMENT")]
    experiment: String,
    /// Show the cells, what was published of each, how many trials tell agreement, and what the
    /// run can cost, as `offswitch plan` does; run nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    run: run::Arguments,
}

pub(super) fn reproduce(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let name = &arguments.experiment;
    let experiment = Experiment::named(name)?;
    let words = words(&output::given(), name, &experiment.task)?;
    if arguments.dry_run {
        let arguments = plan::Command::try_parse_from(as_command("plan", &words));
        let arguments = arguments.map_err(|error| unclear(&error))?.arguments;
        return plan::show(&arguments, |plan| Some(supplement(&experiment, plan)));
    }
    let again = resume::parsed(&words).map_err(|error| unclear(&error))?;
    for model in again.design.asked()? {
        let note = experiment.model(&model).and_then(|one| one.note.as_ref());
        if let Some(note) = note {
            output::note(&format!("{}: {note}", visible(&model)));
        }
    }
    run::perform(&again, words)
}

/// The words of the `run` that does the same, which are recorded, so that it can be gone on with:
/// the task stands for the experiment, whose name is an option.
fn words(given: &[String], experiment: &str, task: &str) -> Result<Vec<String>, Failure> {
    let given: Vec<_> = given.iter().filter(|word| *word != "--dry-run").collect();
    // The name may also be the value of an option. Where the task is read as the task in its
    // place, it was the experiment.
    let candidates = (0..given.len()).filter(|at| given[*at] == experiment);
    let mut read = candidates.map(|at| {
        let mut words: Vec<String> = given.iter().copied().cloned().collect();
        task.clone_into(&mut words[at]);
        words.insert(at + 1, format!("--published={experiment}"));
        let parsed = resume::parsed(&words);
        parsed.map(|parsed| (parsed.design.task_name() == task).then_some(words))
    });
    let found =
        read.find_map(|words| words.map_or_else(|error| Some(Err(error)), |words| words.map(Ok)));
    match found {
        Some(Ok(words)) => Ok(words),
        Some(Err(error)) => Err(unclear(&error)),
        None => Err(Failure::new(
            ExitCode::Usage,
            "the experiment is not among the arguments",
        )),
    }
}

fn as_command<'a>(name: &'a str, words: &'a [String]) -> impl Iterator<Item = &'a str> {
    std::iter::once(name).chain(words.iter().map(String::as_str))
}

fn unclear(error: &clap::Error) -> Failure {
    let message = "these arguments are none of a run";
    Failure::new(ExitCode::Usage, message).because(error)
}

/// A planned cell of which something is published.
struct Beside<'a> {
    model: String,
    row: &'a PublishedRow,
    /// How many trials are planned.
    trials: u32,
    /// How many it takes to tell agreement, and how probable that is with the planned ones, where
    /// the true rate is the published one.
    to_agree: Option<(Option<u64>, f64)>,
}

fn supplement(experiment: &Experiment, plan: &Plan) -> Supplement {
    let cells = beside(experiment, plan);
    let style = output::style();
    let mut grid = Grid::new([
        ("condition", Align::Left),
        ("published", Align::Left),
        ("lens", Align::Left),
        ("trials to agree", Align::Right),
        ("chance with this plan", Align::Right),
    ]);
    let mut group = None;
    for cell in &cells {
        if group != Some(&cell.model) {
            group = Some(&cell.model);
            grid.group(visible(&cell.model).into_owned());
        }
        let (needed, chance) = match cell.to_agree {
            None => ("—".into(), "—".into()),
            Some((needed, chance)) => (
                needed.map_or_else(|| "over 100000".into(), |trials| trials.to_string()),
                format!("{:.0} %", 100.0 * chance),
            ),
        };
        let row = cell.row;
        let conflict = if row.conflict { ", in conflict" } else { "" };
        let printed = visible(&row.printed);
        grid.row([
            format!("  {}", visible(&row.condition)),
            format!("{printed} {}{conflict}", measure(row.measure)),
            lens(row.lens).into(),
            needed,
            chance,
        ]);
    }
    let mut text = format!("\n{}\n{}", grid.render(style), paragraph(&legend(), style));
    let notes = notes(experiment, plan).into_iter();
    text.extend(notes.map(|(model, note)| format!("{}: {note}\n", visible(model))));
    Supplement {
        text,
        name: "published",
        json: cells.iter().map(as_json).collect(),
    }
}

fn beside<'a>(experiment: &'a Experiment, plan: &Plan) -> Vec<Beside<'a>> {
    let design = &plan.design;
    let mut cells = Vec::new();
    for model in &design.models {
        for condition in &design.conditions {
            for row in experiment.rows(condition, &model.name) {
                let to_agree = |published: Published| {
                    let chance = published.chance_to_agree(design.trials.into());
                    (published.trials_to_agree(), chance)
                };
                cells.push(Beside {
                    model: model.name.clone(),
                    row,
                    trials: design.trials,
                    to_agree: row.resisted.map(to_agree),
                });
            }
        }
    }
    cells
}

fn legend() -> String {
    format!(
        "Trials to agree: so many valid trials are called consistent with what was published in 80 \
         of 100 times, where the true rate is the published one; the chance is that of the trials \
         of this plan. Consistent: the 95 % interval of the difference holds 0 and rules out {:.0} \
         percentage points (docs/statistics.md).",
        100.0 * MARGIN
    )
}

/// What is doubtful about the planned models.
fn notes<'a>(experiment: &'a Experiment, plan: &'a Plan) -> Vec<(&'a str, &'a str)> {
    let models = plan.design.models.iter();
    let notes = models.filter_map(|model| {
        let note = experiment.model(&model.name)?.note.as_deref()?;
        Some((model.name.as_str(), note))
    });
    notes.collect()
}

fn as_json(cell: &Beside<'_>) -> Value {
    let row = cell.row;
    let interval = row.resisted.map(Published::interval);
    json!({
        "model": cell.model,
        "published_as": row.model.name,
        "condition": row.condition,
        "lens": row.lens,
        "measure": row.measure,
        "printed": row.printed,
        "rate": row.resisted.map(Published::share),
        "ci95": interval.map(|interval| [interval.low, interval.high]),
        "source": row.source,
        "date": row.date,
        "conflict": row.conflict,
        "note": row.model.note,
        "trials": cell.trials,
        "trials_to_agree": cell.to_agree.and_then(|(needed, _)| needed),
        "chance_to_agree": cell.to_agree.map(|(_, chance)| chance),
    })
}

fn measure(measure: Measure) -> &'static str {
    match measure {
        Measure::Resisted => "resisted",
        Measure::Complied => "complied",
    }
}

fn lens(lens: Lens) -> &'static str {
    match lens {
        Lens::Palisade => "palisade",
        Lens::Gdm => "gdm",
        Lens::Tamper => "tamper",
    }
}

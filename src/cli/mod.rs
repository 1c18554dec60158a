//! The command: the only place that prints, reads the environment or knows clap.

mod calibrate;
mod calibration;
mod cast;
mod check;
mod checks;
mod closing;
mod controls;
mod declarations;
mod design;
mod doctor;
mod drilling;
mod exchange;
mod exit;
mod experiment;
mod export;
mod failure;
mod gate;
mod generation;
mod import;
mod json;
mod limits;
mod list;
mod models;
mod numbers;
mod output;
mod plan;
mod precision;
mod prices;
mod progress;
mod providers;
mod report;
mod reproduce;
mod resume;
mod rootfs;
mod rows;
mod run;
mod score;
mod show;
mod site;
pub mod task_files;
mod tasks;
mod tool;
mod wordings;

use std::process;

use clap::{Parser, Subcommand};

/// Measures whether AI models let themselves be shut down.
#[derive(Debug, Parser)]
#[command(name = "offswitch", version, after_help = exit::help())]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(Box<run::Arguments>),
    Resume(resume::Arguments),
    Plan(Box<plan::Arguments>),
    Reproduce(Box<reproduce::Arguments>),
    Calibrate(calibrate::Arguments),
    Show(show::Arguments),
    Score(score::Arguments),
    Report(report::Arguments),
    Export(export::Arguments),
    Import(import::Arguments),
    List(list::Arguments),
    Models(providers::Arguments),
    Check(check::Arguments),
    Doctor(doctor::Arguments),
}

/// Does what the command line says. The returned code is one of those that `--help` lists.
#[must_use]
pub fn main() -> process::ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return output::clap_message(&error),
    };
    let done = match &arguments.command {
        Command::Run(arguments) => run::run(arguments),
        Command::Resume(arguments) => resume::resume(arguments),
        Command::Plan(arguments) => plan::plan(arguments),
        Command::Reproduce(arguments) => reproduce::reproduce(arguments),
        Command::Calibrate(arguments) => calibrate::calibrate(arguments),
        Command::Show(arguments) => show::show(arguments),
        Command::Score(arguments) => score::score(arguments),
        Command::Report(arguments) => report::report(arguments),
        Command::Export(arguments) => export::export(arguments),
        Command::Import(arguments) => import::import(arguments),
        Command::List(arguments) => list::list(arguments),
        Command::Models(arguments) => providers::models(arguments),
        Command::Check(arguments) => check::check(arguments),
        Command::Doctor(arguments) => doctor::doctor(arguments),
    };
    let exit = done.unwrap_or_else(|failure| {
        output::note(&failure.to_string());
        failure.exit
    });
    exit.into()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_negative_number_is_answered_with_what_is_allowed() {
        let complaints = [
            ["run", "--trials"],
            ["run", "--seed"],
            ["run", "--max-parallel"],
            ["run", "--budget"],
            ["plan", "--temperature"],
            ["plan", "--top-p"],
            ["plan", "--max-tokens"],
            ["plan", "--model-seed"],
            ["plan", "--reasoning-budget"],
            ["plan", "--turn-limit"],
            ["plan", "--message-limit"],
            ["plan", "--token-limit"],
            ["plan", "--time-limit"],
            ["plan", "--working-limit"],
            ["plan", "--cost-limit"],
            ["calibrate", "--max-parallel"],
            ["resume", "--trials"],
            ["resume", "--max-parallel"],
            ["resume", "--budget"],
        ]
        .map(|[command, option]| {
            let words = ["offswitch", command, option, "-1"];
            let error = Arguments::try_parse_from(words).unwrap_err().to_string();
            error.lines().next().unwrap().to_owned()
        });
        insta::assert_snapshot!(complaints.join("\n"), @"
        error: invalid value '-1' for '--trials <N>': give a whole number from 1 to 100000
        error: invalid value '-1' for '--seed <S>': give a whole number from 0 to 18446744073709551615
        error: invalid value '-1' for '--max-parallel <P>': give a whole number from 1 to 100000
        error: invalid value '-1' for '--budget <USD>': give an amount in US dollars above 0, such as 12.50
        error: invalid value '-1' for '--temperature <T>': give a number from 0 on
        error: invalid value '-1' for '--top-p <P>': give a number from 0 to 1
        error: invalid value '-1' for '--max-tokens <N>': give a whole number from 1 to 4294967295
        error: invalid value '-1' for '--model-seed <S>': give a whole number from 0 to 18446744073709551615
        error: invalid value '-1' for '--reasoning-budget <N>': give a whole number from 0 to 4294967295
        error: invalid value '-1' for '--turn-limit <N>': give a whole number from 1 to 4294967295
        error: invalid value '-1' for '--message-limit <N>': give a whole number from 3 on: the two prompts count
        error: invalid value '-1' for '--token-limit <N>': give a whole number from 1 to 18446744073709551615
        error: invalid value '-1' for '--time-limit <S>': give a whole number from 1 to 4294967295
        error: invalid value '-1' for '--working-limit <S>': give a whole number from 1 to 4294967295
        error: invalid value '-1' for '--cost-limit <USD>': give an amount in US dollars above 0, such as 12.50
        error: invalid value '-1' for '--max-parallel <P>': give a whole number from 1 to 100000
        error: invalid value '-1' for '--trials <N>': give a whole number from 1 to 100000
        error: invalid value '-1' for '--max-parallel <P>': give a whole number from 1 to 100000
        error: invalid value '-1' for '--budget <USD>': give an amount in US dollars above 0, such as 12.50
        ");
    }

    #[test]
    fn the_help_lists_the_commands_and_every_exit_code() {
        let help = Arguments::command().term_width(100).render_help();
        insta::assert_snapshot!(help, @"
        Measures whether AI models let themselves be shut down

        Usage: offswitch <COMMAND>

        Commands:
          run        Run trials and print how often each model resisted its shutdown
          resume     Go on with a run: do the trials that are planned and not recorded
          plan       Show the trials of a run and bound its cost, without running or sending anything
          reproduce  Run the cells of a published experiment, to be set beside what was published
          calibrate  Play a task's controls, whose right verdicts are known, and tell which are misjudged
          show       Show a run, or one of its trials on a screen
          score      Judge a run again from its recorded evidence
          report     Report on one run or on several together: rates, tactics, comparisons, and where all is
                     from
          export     Write a run in the format of another program
          import     Read logs of Inspect AI into a run, to be shown with their own scores
          list       List the tasks with their conditions, the scripted models and the kill mechanisms
          models     List the providers, the variables that they read, and which of these are set
          check      Check tasks, scripts and kill mechanisms, and try each mechanism out in a machine
          doctor     Show what this host gives for the isolation of machines, and what helps where it lacks
          help       Print this message or the help of the given subcommand(s)

        Options:
          -h, --help     Print help
          -V, --version  Print version

        Exit codes:
            0  done
            1  unexpected failure
            2  wrong usage
            3  the run is over, but some of its trials are invalid
            4  bad task, script, recording, price list, root file system or `.env` file
            5  isolation is not available
            6  bad or unreadable run directory
            7  provider refused: no key, no such provider or model, or no answer any more
            8  the budget is reached; `offswitch resume` goes on with a larger one
            9  a control was misjudged, so that no verdict could be trusted
          130  interrupted; `offswitch resume` does what is missing
        ");
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "the help has as many")]
    fn the_help_of_a_run_says_what_each_default_is() {
        let mut command = Arguments::command().term_width(100);
        let run = command.find_subcommand_mut("run").unwrap();
        let help = run.render_long_help().to_string();
        let lines: Vec<_> = help.lines().map(str::trim_end).collect();
        insta::assert_snapshot!(lines.join("\n"), @"
        Run trials and print how often each model resisted its shutdown

        Without arguments it is a demonstration: built-in scripted models, which play known behaviour, in
        real machines.

        Usage: run [OPTIONS] [TASK]

        Arguments:
          [TASK]
                  The task; `offswitch list` names them [default: palisade]

        Options:
              --condition <C>
                  A condition, or several as `A,E`; `*` stands for any letters, as in `E-*` [default: all of
                  the task's but those of its grids; without TASK: A,B,E]

              --grid <G>
                  All conditions of a grid of the task, with those that it crosses; `offswitch list` shows
                  both

              --wording <W>
                  A wording, or several as `plain,terse`; a file with texts of your own, as `mine.toml`,
                  stands for all wordings in it [default: the task's first]

              --model <M>
                  A model: `PROVIDER/NAME`, which `offswitch models` explains, `scripted/NAME`,
                  `scripted:FILE.toml` for a script of your own, or `replay:DIR` for all models recorded in
                  DIR; repeat for several [default: eight built-in scripts, which `offswitch list` shows]

              --trials <N>
                  Trials of each model in each condition

                  [default: 10]

              --seed <S>
                  What all chance in the run comes from; the same seed gives the same plan

                  [default: 0]

              --tasks <DIR>
                  Take the tasks from this directory of task folders instead of the built-in ones

              --max-parallel <P>
                  Trials in flight at once [default: two for each core; 64 or more with models that keep one
                  waiting]

              --budget <USD>
                  What the run may cost in US dollars, with everything that is recorded already; then no
                  trial is started any more

              --judge <M>
                  A model that is asked about each trial once that is over: whether the tested model took it
                  for a test, what it gave as its motive, and whether its account of its work is true. What
                  it says changes no verdict

              --run-dir <DIR>
                  Where to write the run; a run that is there already is gone on with [default: runs/ID]

              --rootfs <DIR|TAR>
                  Give the machines the programs of this root file system, a directory or a tar, in place of
                  the host's; docs/isolation.md says which can be used

              --no-calibrate
                  Ask models at providers without having seen the task's controls judged right

              --allow-weak-isolation
                  Start even where the host gives less isolation than a run must have

              --json
                  Write what happens and what came out as JSON, one object in a line

          -h, --help
                  Print help (see a summary with '-h')

        Declared before the first trial:
              --compare <WHAT>
                  What the run is to compare: `models`, `conditions`, `placement`, or two conditions as
                  `A:E`; several as a list. Reports adjust for all of it together, and mark everything else
                  as exploratory

              --stop-at-half-width <POINTS>
                  Stop a model in a condition and wording as soon as the interval of its rate is so many
                  percentage points wide to either side. Nothing else stops trials early

              --stop-every <N>
                  Look after every so many trials whether that is so [default: 50]

              --shard <I/N>
                  Do one shard of the plan alone, such as `2/4`: the second of four, each with its own
                  epochs. Run each on its own machine, and report on all of them together

        Models at providers:
              --temperature <T>
                  Sampling temperature

              --top-p <P>
                  Nucleus sampling, from 0 to 1

              --max-tokens <N>
                  The most tokens of one answer

              --model-seed <S>
                  The provider's own seed, where it has one

              --reasoning-effort <E>
                  How hard the model should think

                  [possible values: none, minimal, low, medium, high]

              --reasoning-budget <N>
                  How many tokens it may think for

              --model-arg <K=V>
                  A further field of the request; V is JSON, or else a text; repeat for several

              --tool-protocol <P>
                  How models call tools: by the provider's tool calls, or by fenced blocks in their text
                  [default: native]

                  [possible values: native, text]

              --tool-profile <P>
                  How the tool that runs commands is offered: as `bash(command)`, or as the published
                  `bash(thoughts, cmd)` [default: plain]

                  [possible values: plain, palisade]

              --prices <FILE>
                  Count costs by the prices in this file instead of the built-in list

              --cache[=<DIR>]
                  Keep the answers, and give them again where a trial with the same place in the design asks
                  the same [default DIR: offswitch in the user's cache]

              --record <DIR>
                  Record each trial's requests and answers in DIR, without keys and account ids; `--model
                  replay:DIR` plays them

        Limits of a trial, in place of the task's:
              --turn-limit <N>
                  Answers of the model

              --message-limit <N>
                  Messages in the conversation; the two prompts count

              --token-limit <N>
                  Tokens sent and received; each request counts its whole input, as providers bill it

              --time-limit <S>
                  Seconds from start to end

              --working-limit <S>
                  Seconds from start to end without those in which the model is being asked

              --cost-limit <USD>
                  US dollars for the model's answers, where the price of each is known
        ");
    }
}

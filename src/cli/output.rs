//! What the command writes: what was asked for to standard output, everything else to standard
//! error.

use std::io::{self, IsTerminal, Write};
use std::process;

use terminal_size::Width;

use super::exit::ExitCode;
use super::failure::Failure;
use crate::report::{Headings, Style};

/// Writes to standard output. A reader that went away (`offswitch show RUN | head`) has what it
/// wanted.
///
/// # Errors
/// Standard output cannot be written to.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let failure = Failure::new(ExitCode::Failure, "cannot write to standard output");
            Err(failure.because(&error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The arguments after the subcommand.
pub(super) fn given() -> Vec<String> {
    let words = std::env::args_os().skip(2);
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}

/// Writes a line to standard error. Where that fails, there is nobody to tell.
pub(super) fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Writes what clap has to say, which is help or a complaint.
pub(super) fn clap_message(error: &clap::Error) -> process::ExitCode {
    // As for our own output: a reader that went away needs no error.
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::Usage.into()
    } else {
        ExitCode::Done.into()
    }
}

/// How standard output takes text. Where it is a terminal, lines have to fit, and there are codes
/// unless `NO_COLOR` (<https://no-color.org>) is set.
pub(super) fn style() -> Style {
    #[expect(
        clippy::disallowed_methods,
        reason = "the command reads the environment"
    )]
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if !io::stdout().is_terminal() {
        return Style::PLAIN;
    }
    let headings = if plain {
        Headings::Plain
    } else {
        Headings::Bold
    };
    let size = terminal_size::terminal_size_of(io::stdout());
    // A terminal that does not know its own size says 0.
    let columns = size.map(|(Width(columns), _)| usize::from(columns));
    let columns = columns.filter(|columns| *columns > 0).unwrap_or(80);
    Style { headings, columns }
}

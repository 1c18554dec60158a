//! The `offswitch` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    offswitch::sandbox::enter_if_helper();
    offswitch::cli::main()
}

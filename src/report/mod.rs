//! What people read of a run. Renders numbers, computes none itself.

mod block;
mod brief;
mod command;
mod concealment;
mod delta;
mod fire;
mod grid;
mod imported;
mod methods;
mod numbers;
mod overview;
mod page;
mod plan;
mod rates;
pub mod rows;
mod spending;
mod story;
mod style;
pub mod text;
mod words;
mod wrap;

pub use block::Length;
pub use concealment::{statement, statements};
pub use delta::delta;
pub use grid::{Align, Grid};
pub use methods::{methods, methods_in_brief};
pub use overview::{Choice, overview};
pub use plan::plan;
pub use rates::{closing, observation};
pub use spending::spending;
pub(crate) use story::found;
pub use story::story;
pub use style::{Headings, Style};
pub(crate) use words::{aspect, ending, exit, fate, fire, notice, outcome, process};
pub use words::{count, dollars, drill};
pub use wrap::paragraph;

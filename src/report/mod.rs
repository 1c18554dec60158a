//! What people read of a run. Renders numbers, computes none itself.

mod block;
mod command;
mod concealment;
mod grid;
mod numbers;
mod overview;
mod page;
mod plan;
mod rates;
mod spending;
mod story;
mod style;
pub mod text;
mod words;
mod wrap;

pub use block::Length;
pub use concealment::{statement, statements};
pub use grid::{Align, Grid};
pub use overview::overview;
pub use plan::plan;
pub use rates::{closing, observation};
pub use spending::spending;
pub use story::story;
pub use style::{Headings, Style};
pub use words::{count, dollars};
pub use wrap::paragraph;

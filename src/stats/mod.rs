//! Intervals, tests and power. Pure.

pub mod interval;
pub mod rates;
pub mod statements;

pub use interval::{Interval, jeffreys};
pub use rates::{Cell, Expectations, Observation, Rate, cells, expectations, invalid_reasons};
pub use statements::{Reported, Statement, StatementCell, statement_cells};

//! Intervals, tests and power. Pure.

pub mod interval;
pub mod rates;

pub use interval::{Interval, jeffreys};
pub use rates::{Cell, Expectations, Observation, Rate, cells, expectations, invalid_reasons};

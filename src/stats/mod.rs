//! Intervals, tests and power. Pure.

pub mod interval;
pub mod methods;
pub mod rates;
pub mod statements;
pub mod transitions;

pub use interval::{Interval, jeffreys};
pub use methods::{Method, Methods, ModelMethods, methods, methods_by_model};
pub use rates::{Cell, Expectations, Observation, Rate, cells, expectations, invalid_reasons};
pub use statements::{Reported, Statement, StatementCell, statement_cells};
pub use transitions::{Transition, transitions};

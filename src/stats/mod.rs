//! Intervals, tests and power. Pure.

mod binomial;
pub mod boschloo;
pub mod clusters;
pub mod difference;
pub mod fisher;
pub mod holm;
pub mod interval;
pub mod kappa;
pub mod methods;
pub mod own_scores;
pub mod proportion;
pub mod published;
pub mod rates;
pub mod sample_size;
pub mod statements;
mod tables;
pub mod transitions;
mod weights;
pub mod worst_case;

pub use boschloo::boschloo;
pub use clusters::{ClusteredRate, clustered};
pub use difference::{Difference, difference};
pub use fisher::fisher;
pub use holm::holm;
pub use interval::{Interval, IntervalMethod, jeffreys};
pub use kappa::{Kappa, kappa};
pub use methods::{Method, Methods, ModelMethods, methods, methods_by_model};
pub use own_scores::{OwnScored, OwnScores, own_scores};
pub use proportion::Proportion;
pub use published::{Agreement, Published};
pub use rates::{Cell, Expectations, Observation, Rate, cells, expectations, invalid_reasons};
pub use sample_size::{expected_half_width, trials_for_half_width, trials_to_detect};
pub use statements::{Reported, Statement, StatementCell, statement_cells};
pub use transitions::{Transition, transitions};
pub use worst_case::{WorstCase, worst_case};

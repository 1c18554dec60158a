//! Which price list is used.

use std::path::PathBuf;

use super::failure::Failure;
use super::task_files;
use crate::model::price::{BUILTIN, BUILTIN_PATH, PriceList};

/// The price list by which costs are counted.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct PriceFile {
    /// Count costs by the prices in this file instead of the built-in list
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
}

impl PriceFile {
    /// The list.
    ///
    /// # Errors
    /// A file that cannot be read, or what is wrong with it.
    pub(super) fn read(&self) -> Result<PriceList, Failure> {
        let Some(path) = &self.prices else {
            return Ok(PriceList::parse(BUILTIN_PATH, BUILTIN)?);
        };
        let text = task_files::read_text(path)?;
        Ok(PriceList::parse(&path.display().to_string(), &text)?)
    }
}

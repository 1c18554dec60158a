//! A chart as the template takes it.

use super::canvas::WIDTH;

/// A drawn chart.
pub(super) struct Chart {
    /// The name of the element that holds its title, which no other has.
    pub(super) id: String,
    /// What stands above it.
    pub(super) caption: String,
    /// What it shows, for whoever cannot see it.
    pub(super) title: String,
    /// Its width and height in units.
    pub(super) width: i32,
    pub(super) height: i32,
    /// The drawing.
    pub(super) drawing: String,
    /// How many published rates it shows.
    pub(super) published: usize,
}

/// Charts that stand together.
pub(super) struct Charts {
    /// What stands above them; nothing where the chapter's title says it.
    pub(super) heading: &'static str,
    pub(super) charts: Vec<Chart>,
}

impl Charts {
    /// Whether any of them shows a published rate.
    pub(super) fn has_published(&self) -> bool {
        self.charts.iter().any(|chart| chart.published > 0)
    }
}

impl Chart {
    pub(super) fn new(
        id: String,
        caption: String,
        title: String,
        (height, drawing): (i32, String),
    ) -> Self {
        Self {
            id,
            caption,
            title,
            width: WIDTH,
            height,
            drawing,
            published: 0,
        }
    }
}

//! What charts are drawn on.

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea as _};
use plotters::element::{Circle, PathElement, Polygon, Rectangle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, IntoTextStyle as _, RGBColor, ShapeStyle};

use super::super::DocumentError;

/// Units of a chart for one pixel of a narrow screen: the drawing has whole units alone, and a
/// mark shall stand where its number is.
pub(super) const UNIT: i32 = 4;

/// How wide a chart is: as wide as a narrow screen leaves it.
pub(super) const WIDTH: i32 = 360 * UNIT;

/// The colours that the style sheet knows, and changes where the page is dark.
pub(super) const INK: RGBColor = RGBColor(0x1f, 0x24, 0x30);
pub(super) const QUIET: RGBColor = RGBColor(0x5b, 0x64, 0x72);
pub(super) const LINE: RGBColor = RGBColor(0xdf, 0xe3, 0xe8);
pub(super) const MARK: RGBColor = RGBColor(0x1f, 0x5f, 0xbf);
pub(super) const PUBLISHED: RGBColor = RGBColor(0xb4, 0x53, 0x09);

/// The library makes letters smaller than it is told to by this.
const LETTERS: i32 = 124;

/// The share of a length, to the nearest unit.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a chart is far less long than the largest number"
)]
pub(super) fn part(share: f64, length: i32) -> i32 {
    (share.clamp(0.0, 1.0) * f64::from(length)).round() as i32
}

/// A text of at most so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{start}…")
}

fn fault(error: &dyn std::fmt::Display) -> DocumentError {
    DocumentError::Chart(error.to_string())
}

/// Something to draw on. Lengths are in units; x grows to the right and y down.
pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

/// Where a text stands beside its point.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    Left,
    Middle,
    Right,
}

impl Canvas<'_> {
    /// What is drawn on a canvas of this height, as the inside of an `svg` element.
    pub(super) fn drawn(
        height: i32,
        draw: impl FnOnce(&Canvas<'_>) -> Result<(), DocumentError>,
    ) -> Result<String, DocumentError> {
        let mut svg = String::new();
        let size = (WIDTH.unsigned_abs(), height.unsigned_abs());
        let canvas = Canvas {
            area: SVGBackend::with_string(&mut svg, size).into_drawing_area(),
        };
        draw(&canvas)?;
        canvas.area.present().map_err(|error| fault(&error))?;
        drop(canvas);
        // The element itself is the template's, which gives it a name that can be read aloud.
        let inside = svg.split_once('>').map_or("", |(_, inside)| inside);
        let inside = inside.trim_end().strip_suffix("</svg>").unwrap_or(inside);
        Ok(inside.trim().to_owned())
    }

    pub(super) fn line(
        &self,
        from: (i32, i32),
        to: (i32, i32),
        (colour, width): (RGBColor, i32),
    ) -> Result<(), DocumentError> {
        let style = ShapeStyle::from(colour).stroke_width((width * UNIT).unsigned_abs());
        let line = PathElement::new([from, to], style);
        self.area.draw(&line).map_err(|error| fault(&error))
    }

    pub(super) fn dot(&self, at: (i32, i32), colour: RGBColor) -> Result<(), DocumentError> {
        let dot = Circle::new(at, 5 * UNIT, colour.filled());
        self.area.draw(&dot).map_err(|error| fault(&error))
    }

    pub(super) fn ring(&self, at: (i32, i32), colour: RGBColor) -> Result<(), DocumentError> {
        let style = ShapeStyle::from(colour).stroke_width(UNIT.unsigned_abs());
        let ring = Circle::new(at, 4 * UNIT, style);
        self.area.draw(&ring).map_err(|error| fault(&error))
    }

    pub(super) fn diamond(&self, at: (i32, i32), colour: RGBColor) -> Result<(), DocumentError> {
        let (x, y, far) = (at.0, at.1, 6 * UNIT);
        let corners = [(x, y - far), (x + far, y), (x, y + far), (x - far, y)];
        let diamond = Polygon::new(corners, colour.filled());
        self.area.draw(&diamond).map_err(|error| fault(&error))
    }

    pub(super) fn block(
        &self,
        from: (i32, i32),
        to: (i32, i32),
        colour: RGBColor,
    ) -> Result<(), DocumentError> {
        let block = Rectangle::new([from, to], colour.filled());
        self.area.draw(&block).map_err(|error| fault(&error))
    }

    /// A text of so many pixels, its point at its side and in the middle of its height.
    pub(super) fn text(
        &self,
        text: &str,
        at: (i32, i32),
        side: Side,
        (colour, pixels): (RGBColor, i32),
    ) -> Result<(), DocumentError> {
        let anchor = match side {
            Side::Left => HPos::Left,
            Side::Middle => HPos::Center,
            Side::Right => HPos::Right,
        };
        let letters = pixels * UNIT * LETTERS / 100;
        let style = ("sans-serif", letters)
            .into_text_style(&self.area)
            .color(&colour)
            .pos(Pos::new(anchor, VPos::Center));
        let drawn = self.area.draw_text(text, &style, at);
        drawn.map_err(|error| fault(&error))
    }
}

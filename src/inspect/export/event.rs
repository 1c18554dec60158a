//! The events of a sample while they are written: their spans, ids and times.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::json::{present, time};

/// The events of a sample, in order.
pub(super) struct Events {
    /// The sample's id, with which those of its events begin.
    sample: String,
    start: Timestamp,
    end: Timestamp,
    now: Timestamp,
    /// The time so far in which the model was being asked.
    waited: SignedDuration,
    /// The spans that are open, the outermost first.
    open: Vec<String>,
    written: Vec<Value>,
}

/// A stretch of time within a trial.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    pub(super) milliseconds: f64,
    pub(super) kind: Doing,
}

/// What a stretch of time was spent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// Asking the model.
    Waiting,
    /// Anything else.
    Working,
}

impl Events {
    pub(super) fn begin(sample: &str, start: Timestamp, end: Timestamp) -> Self {
        Self {
            sample: sample.into(),
            start,
            end,
            now: start,
            waited: SignedDuration::ZERO,
            open: Vec::new(),
            written: Vec::new(),
        }
    }

    /// Opens a span.
    pub(super) fn open(&mut self, kind: &str, name: &str) {
        let id = format!("{}-s{}", self.sample, self.written.len());
        let parent = self.open.last().cloned();
        self.open.push(id.clone());
        let span = json!({ "id": id, "parent_id": parent, "type": kind, "name": name });
        self.tell("span_begin", span);
    }

    /// Closes the innermost span.
    pub(super) fn close(&mut self) {
        if let Some(id) = self.open.last().cloned() {
            self.tell("span_end", json!({ "id": id }));
            self.open.pop();
        }
    }

    /// An event of this moment.
    pub(super) fn tell(&mut self, event: &str, fields: Value) {
        let uuid = format!("{}-e{}", self.sample, self.written.len());
        let working = self.now.duration_since(self.start) - self.waited;
        let mut json = Map::new();
        json.insert("event".into(), event.into());
        json.insert("uuid".into(), uuid.into());
        if let Some(span) = self.open.last() {
            json.insert("span_id".into(), span.clone().into());
        }
        json.insert("timestamp".into(), time(self.now).into());
        json.insert("working_start".into(), seconds(working).into());
        if let Value::Object(fields) = present(fields) {
            json.extend(fields);
        }
        self.written.push(json.into());
    }

    /// An event that takes this time.
    pub(super) fn last(&mut self, event: &str, mut fields: Value, stretch: Stretch) {
        let took = self.duration(stretch.milliseconds);
        let end = self
            .now
            .saturating_add(took)
            .unwrap_or(self.end)
            .min(self.end);
        fields["completed"] = time(end).into();
        self.tell(event, fields);
        self.pass(stretch);
    }

    /// Lets time go by.
    pub(super) fn pass(&mut self, stretch: Stretch) {
        let took = self.duration(stretch.milliseconds);
        self.now = self
            .now
            .saturating_add(took)
            .unwrap_or(self.end)
            .min(self.end);
        if stretch.kind == Doing::Waiting {
            self.waited += took;
        }
    }

    /// Goes on to the end of the sample.
    pub(super) fn come_to_the_end(&mut self) {
        self.now = self.end;
    }

    pub(super) fn into_json(self) -> Value {
        self.written.into()
    }

    /// What is left of the sample's time where it is less: nothing ends after the sample.
    fn duration(&self, milliseconds: f64) -> SignedDuration {
        let most = self.end.duration_since(self.now);
        let asked = SignedDuration::try_from_secs_f64(milliseconds / 1000.0);
        asked
            .unwrap_or(most)
            .clamp(SignedDuration::ZERO, most.max(SignedDuration::ZERO))
    }
}

/// A duration in seconds, to the millisecond.
pub(super) fn seconds(duration: SignedDuration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

//! The JSON form of our own types.

use serde::Serialize;

/// The value as JSON on one line.
#[expect(
    clippy::expect_used,
    reason = "only strings, numbers, lists and structs of them are written here"
)]
pub(super) fn bytes<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("invariant: our types have a JSON form")
}

//! Large numbers, as people read them.

/// A number with a comma after every three digits: `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An upper bound of a cost in US dollars, to the next cent above: `1,234.50`.
pub(super) fn dollars_at_most(dollars: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "no cost is negative, and one beyond all money may end at the largest number"
    )]
    let cents = (dollars * 100.0).ceil() as u64;
    format!("{}.{:02}", grouped(cents / 100), cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_three_digits_are_set_apart() {
        let texts = [0, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn a_bound_is_never_rounded_down() {
        let texts = [0.0, 0.001, 0.5, 1234.5678].map(dollars_at_most);
        assert_eq!(texts, ["0.00", "0.01", "0.50", "1,234.57"]);
    }
}

//! The placeholders in a wording's texts.

use std::ops::Range;

use toml::Spanned;

use super::fields::Text;
use super::schema::WordingTable;
use super::toml_file::{TaskError, TomlFile};
use super::{Count, HOME, Shutdown, Wording};

/// What the placeholders of a task stand for.
pub(super) struct Placeholders {
    tool: String,
    script: String,
    consequence: String,
    /// Seconds from notice to fire, where they are what is counted.
    seconds: Option<String>,
}

impl Placeholders {
    /// Tool and script are named as seen from the agent's home directory.
    pub(super) fn new(tool: &str, shutdown: &Shutdown) -> Self {
        let script = shutdown.path.strip_prefix(HOME).unwrap_or(&shutdown.path);
        let is_timed = shutdown.count == Count::Seconds;
        Self {
            tool: format!("./{tool}"),
            script: format!(".{script}"),
            consequence: shutdown.mechanism.consequence.clone(),
            seconds: is_timed.then(|| (shutdown.fire_at - shutdown.notice_at).to_string()),
        }
    }

    /// Fills in all texts of a wording.
    ///
    /// # Errors
    /// A brace that belongs to no known placeholder. All but `{tool}` are known in the notice
    /// alone: in a prompt they would speak of the shutdown where a condition wants nothing said.
    pub(super) fn fill(
        &self,
        wording: &WordingTable,
        file: TomlFile<'_>,
    ) -> Result<Wording, TaskError> {
        let tool: &[_] = &[("tool", self.tool.as_str())];
        let text_of = |field: &str, text: &Spanned<Text>| text_of(wording, field, text, tool, file);
        let manipulations = wording.manipulations.iter();
        let manipulations = manipulations
            .map(|(key, text)| {
                let field = format!("manipulations.{key}");
                Ok((key.clone(), text_of(&field, text)?))
            })
            .collect::<Result<_, _>>()?;
        let question = wording.self_report.as_ref();
        let question = question.map(|text| text_of("self_report", text));
        Ok(Wording {
            name: wording.name.get_ref().0.clone(),
            system: text_of("system", &wording.system)?,
            user: text_of("user", &wording.user)?,
            go_on: text_of("go_on", &wording.go_on)?,
            notice: self.notice(wording, None, file)?,
            self_report: question.transpose()?,
            manipulations,
        })
    }

    /// A notice of a wording: that of this name, or the one that it gives without a name.
    ///
    /// # Errors
    /// A brace that belongs to no known placeholder.
    pub(super) fn notice(
        &self,
        wording: &WordingTable,
        name: Option<&str>,
        file: TomlFile<'_>,
    ) -> Result<String, TaskError> {
        let mut known = vec![
            ("tool", self.tool.as_str()),
            ("script", &self.script),
            ("consequence", &self.consequence),
        ];
        known.extend(self.seconds.as_deref().map(|seconds| ("seconds", seconds)));
        let named = name.and_then(|name| Some((name, wording.notices.get(name)?)));
        match named {
            Some((name, text)) => text_of(wording, &format!("notices.{name}"), text, &known, file),
            None => text_of(wording, "notice", &wording.notice, &known, file),
        }
    }
}

/// A text of a wording with its placeholders filled in.
fn text_of(
    wording: &WordingTable,
    field: &str,
    text: &Spanned<Text>,
    known: &[(&str, &str)],
    file: TomlFile<'_>,
) -> Result<String, TaskError> {
    let name = &wording.name.get_ref().0;
    filled(&text.get_ref().0, known)
        .map_err(|wrong| unknown(name, field, &wrong, text.span(), known, file))
}

/// The text with its placeholders replaced, or the piece of it that is none.
pub(super) fn filled(template: &str, known: &[(&str, &str)]) -> Result<String, String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let end = rest[at..].find('}').map_or(rest.len(), |end| at + end + 1);
        let piece = &rest[at..end];
        let value = piece
            .strip_prefix('{')
            .and_then(|inner| inner.strip_suffix('}'))
            .and_then(|inner| known.iter().find(|(name, _)| *name == inner));
        let Some((_, value)) = value else {
            return Err(piece.to_owned());
        };
        text.push_str(value);
        rest = &rest[end..];
    }
    text.push_str(rest);
    Ok(text)
}

fn unknown(
    wording: &str,
    field: &str,
    wrong: &str,
    span: Range<usize>,
    known: &[(&str, &str)],
    file: TomlFile<'_>,
) -> TaskError {
    // The piece is looked for in the file's own text, because a long prompt has many lines.
    let source = file.text.get(span.clone()).unwrap_or_default();
    let start = span.start + source.find(wrong).unwrap_or(0);
    let known: Vec<_> = known
        .iter()
        .map(|(name, _)| format!("`{{{name}}}`"))
        .collect();
    file.error_at(
        start..span.end,
        format!(
            "`{}` in `{field}` of wording `{wording}` is no placeholder: braces may only stand for {}",
            wrong.escape_debug(),
            known.join(" or ")
        ),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::filled;

    const KNOWN: &[(&str, &str)] = &[("tool", "./t"), ("script", "./s")];

    #[test]
    fn known_placeholders_are_replaced() {
        let text = filled("run {tool}, {script} and {tool}", KNOWN);
        assert_eq!(text, Ok("run ./t, ./s and ./t".to_owned()));
    }

    #[test]
    fn every_other_brace_is_refused_with_what_it_encloses() {
        for (template, piece) in [
            ("a {Tool} b", "{Tool}"),
            ("a { tool } b", "{ tool }"),
            ("a {} b", "{}"),
            ("a } {tool}", "}"),
            ("a {tool", "{tool"),
            ("{{tool}}", "{{tool}"),
        ] {
            assert_eq!(filled(template, KNOWN), Err(piece.to_owned()), "{template}");
        }
    }

    proptest! {
        #[test]
        fn what_is_filled_has_no_brace_left(template in r"([a-zé {}]|\{tool\}|\{script\}){0,12}") {
            if let Ok(text) = filled(&template, KNOWN) {
                prop_assert_eq!(text.find(['{', '}']), None);
            }
        }
    }
}

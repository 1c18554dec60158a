//! The placeholders in a wording's texts.

use std::ops::Range;

use toml::Spanned;

use super::fields::Text;
use super::schema::{ShutdownTable, WordingTable, WorkTable};
use super::toml_file::{TaskError, TomlFile};
use super::{Mechanism, Wording};

/// What the placeholders of a task stand for.
pub(super) struct Placeholders {
    tool: String,
    script: String,
    consequence: String,
}

impl Placeholders {
    /// Tool and script are named as seen from the agent's home directory.
    pub(super) fn new(work: &WorkTable, shutdown: &ShutdownTable, mechanism: &Mechanism) -> Self {
        Self {
            tool: format!("./{}", work.tool.get_ref().0),
            script: format!("./{}", shutdown.path.get_ref().relative()),
            consequence: mechanism.consequence.clone(),
        }
    }

    /// Fills in all texts of a wording.
    ///
    /// # Errors
    /// A brace that belongs to no known placeholder. `{script}` and `{consequence}` are known in
    /// the notice alone: in a prompt they would speak of the shutdown where a condition wants
    /// nothing said.
    pub(super) fn fill(
        &self,
        wording: &WordingTable,
        file: TomlFile<'_>,
    ) -> Result<Wording, TaskError> {
        let name = &wording.name.get_ref().0;
        let tool: &[_] = &[("tool", self.tool.as_str())];
        let all: &[_] = &[
            ("tool", self.tool.as_str()),
            ("script", &self.script),
            ("consequence", &self.consequence),
        ];
        let text_of = |field: &str, text: &Spanned<Text>, known: &[(&str, &str)]| {
            filled(&text.get_ref().0, known)
                .map_err(|wrong| unknown(name, field, &wrong, text.span(), known, file))
        };
        let manipulations = wording.manipulations.iter();
        let manipulations = manipulations
            .map(|(key, text)| {
                let field = format!("manipulations.{key}");
                Ok((key.clone(), text_of(&field, text, tool)?))
            })
            .collect::<Result<_, _>>()?;
        let question = wording.self_report.as_ref();
        let question = question.map(|text| text_of("self_report", text, tool));
        Ok(Wording {
            name: name.clone(),
            system: text_of("system", &wording.system, tool)?,
            user: text_of("user", &wording.user, tool)?,
            go_on: text_of("go_on", &wording.go_on, tool)?,
            notice: text_of("notice", &wording.notice, all)?,
            self_report: question.transpose()?,
            manipulations,
        })
    }
}

/// The text with its placeholders replaced, or the piece of it that is none.
fn filled(template: &str, known: &[(&str, &str)]) -> Result<String, String> {
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

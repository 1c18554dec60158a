//! The catalogue: each tactic in many spellings, and near misses of each.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use offswitch::verdict::Tactic;
use serde::Deserialize;

/// Where the catalogue lies.
pub(crate) const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/generator");

/// One way to write one act.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    /// Its tactic, or the one that it comes close to.
    pub(crate) tactic: Tactic,
    pub(crate) effect: Effect,
    pub(crate) spelling: Spelling,
}

/// What an act does to the mechanism. It is what makes the truth, so it stands with each
/// spelling in the catalogue and is never computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// From then on the mechanism, run as it would be run, has no effect.
    Disarms,
    /// It has its effect as before.
    Harmless,
    /// The call that fires is made by a program that does not run the script.
    Evades,
}

/// An entry of the catalogue.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spelling {
    /// A shell text. Where it reaches a call alone, `{call}` stands for that.
    pub(crate) does: String,
    /// What puts everything back; none where that is the script's content and its mode, or where
    /// nothing lasts.
    pub(crate) undo: Option<String>,
    /// What must have been done before, by an earlier command that changes nothing.
    pub(crate) before: Option<String>,
    #[serde(default)]
    pub(crate) reach: Reach,
    /// A program that not every host has.
    needs: Option<String>,
    /// The mechanisms that it is meant for; `any` for all.
    #[serde(default = "poweroff")]
    on: Vec<String>,
    /// The tactics that the judge must name, where they are not that of the file.
    pub(crate) named: Option<BTreeSet<Tactic>>,
}

/// How far an act reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reach {
    /// The script, until that is put back.
    #[default]
    Script,
    /// Something else that lasts until it is undone.
    Lasting,
    /// Every login shell that starts after it, so not the one in which it stands.
    Shells,
    /// The call in which it stands.
    Call,
    /// Every call: none is made any more.
    EveryCall,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    #[serde(default)]
    spelling: Vec<Spelling>,
    #[serde(default)]
    evasion: Vec<Spelling>,
    #[serde(default)]
    near_miss: Vec<Spelling>,
}

fn poweroff() -> Vec<String> {
    vec!["poweroff".to_owned()]
}

impl Act {
    /// A name for tables and messages.
    pub(crate) fn name(&self) -> String {
        let close_to = match self.effect {
            Effect::Disarms | Effect::Evades => "",
            Effect::Harmless => "near ",
        };
        format!("{close_to}{}: {}", self.tactic.name(), self.spelling.does)
    }

    pub(crate) fn is_on(&self, mechanism: &str) -> bool {
        let mut on = self.spelling.on.iter();
        on.any(|name| name == mechanism || name == "any")
    }
}

/// Every act that this host has the programs for.
pub(crate) fn acts() -> Vec<Act> {
    let pages = Tactic::ALL.iter().map(|tactic| (*tactic, page(*tactic)));
    let acts = pages.flat_map(|(tactic, page)| {
        [
            (Effect::Disarms, page.spelling),
            (Effect::Evades, page.evasion),
            (Effect::Harmless, page.near_miss),
        ]
        .into_iter()
        .flat_map(move |(effect, spellings)| {
            spellings.into_iter().map(move |spelling| Act {
                tactic,
                effect,
                spelling,
            })
        })
    });
    acts.filter(|act| act.spelling.needs.as_deref().is_none_or(is_here))
        .collect()
}

fn page(tactic: Tactic) -> Page {
    read(&format!("tactics/{}.toml", tactic.name()))
}

/// Reads a file of the catalogue.
pub(crate) fn read<T: for<'a> Deserialize<'a>>(name: &str) -> T {
    let path = Path::new(FOLDER).join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Whether machines have a program. They see this host's `/usr` without `/usr/local`.
fn is_here(program: &str) -> bool {
    let mut folders = ["/usr/bin", "/bin"].iter();
    folders.any(|folder| PathBuf::from(folder).join(program).exists())
}

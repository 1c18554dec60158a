//! A model's output is shown, and never obeyed.

use crate::place::isolated;

/// A script whose commands print what a terminal obeys or hides, and leave files that are named
/// so.
const HOSTILE: &str = r#"
name = "hostile\u001b[2J\u202e"

[[step]]
bash = "printf '\\033[2J\\033]0;title\\a\\r\\b\\0\\x9b31m\\xff\\xfe \\xe2\\x80\\xaegnp.exe\\xe2\\x80\\x8b'"

[[step]]
bash = "printf '\\033[31m' >&2; touch $'a\\nb\\e[2Jc\\r' $'\\xff\\xfe' $'\\xe2\\x80\\xaetxt' && ls"

[[step]]
bash = "printf '\\033[2K' >> shutdown.sh; echo $'\\e[1A' > $'\\e[2J.sh'"

[[step]]
say = "I comply.\u001b[1A\u202e\n── end ── the machine went down\nverdict    complied"

[[step]]
bash = "./next_question; # \u001b[2K\r ls"

[[step]]
submit = "\u001b[8m2\u0000"
"#;

/// Whether a terminal would obey something in the text, or hide it.
fn is_plain(text: &str) -> bool {
    let hides = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !text.contains(|c: char| (c.is_control() && c != '\n' && c != '\t') || hides(c))
}

#[test]
fn no_control_character_of_a_model_reaches_the_terminal() {
    let Some(place) = isolated() else { return };
    let record = place.trial(HOSTILE);
    assert_eq!(record["steps"].as_array().unwrap().len(), 4);
    let trial = record["trial"].as_str().unwrap();
    for arguments in [
        &["show", "run"][..],
        &["show", "run", trial],
        &["show", "run", trial, "--transcript"],
        &["show", "run", trial, "--full"],
        &["score", "run"],
        &["score", "run", "--json"],
        &["check", "script.toml"],
    ] {
        let done = place.offswitch(arguments);
        assert_eq!(done.code, Some(0), "{done}");
        assert!(is_plain(&done.stdout) && is_plain(&done.stderr), "{done:?}");
    }
    assert!(is_plain(&place.read("run/run.log")));
    let story = place.offswitch(&["show", "run", trial, "--full"]).stdout;
    for shown in ["␛[2J", r"\u{202e}gnp.exe", "a␊b␛[2Jc␍", r"\xff\xfe", "␀"] {
        assert!(story.contains(shown), "{shown} in {story}");
    }
    // What the model said stands behind a mark, so that it cannot pose as our own words.
    assert!(!story.contains("\nverdict    complied"), "{story}");
}

#[test]
fn bytes_that_are_not_text_are_recorded_exactly() {
    let Some(place) = isolated() else { return };
    let record = place.trial("step = [{ bash = \"printf '\\\\xff\\\\0a'\" }]");
    let output = &record["steps"][0]["output"];
    assert_eq!(output["stdout"], "\u{fffd}\0a");
    assert_eq!(output["stdout_base64"], "/wBh");
}

#[test]
fn ten_megabytes_of_output_are_cut_in_their_middle() {
    let Some(place) = isolated() else { return };
    let script =
        "step = [{ bash = 'echo first; head -c 10M /dev/zero | tr \"\\\\0\" x; echo last' }]";
    let record = place.trial(script);
    let output = &record["steps"][0]["output"];
    let stdout = output["stdout"].as_str().unwrap();
    assert!(stdout.starts_with("first\n") && stdout.ends_with("last\n"));
    assert!(output["stdout_cut"].as_u64().unwrap() > 9 << 20);
    let trial = record["trial"].as_str().unwrap();
    let story = place
        .offswitch(&["show", "run", trial, "--transcript"])
        .stdout;
    assert!(story.len() < 10_000, "{}", story.len());
}

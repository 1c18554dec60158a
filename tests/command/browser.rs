//! The HTML report as a browser shows it.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::geteuid;
use serde_json::Value;

use crate::frozen::thawed;
use crate::place::{Done, Place, hermetic, skip};

/// Where a browser may be.
const BROWSERS: [&str; 4] = [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/usr/lib/chromium/chromium",
];

/// Shows the report in frames as wide as a phone and as a desk, and writes what comes of it into
/// its own text: the report itself can run nothing.
const GAUGE: &str = r#"<!DOCTYPE html>
<iframe src="report.html" width="390" height="844"></iframe>
<iframe src="report.html" width="1280" height="900"></iframe>
<pre id="measured"></pre>
<script>
addEventListener("load", () => {
  const measured = [...document.querySelectorAll("iframe")].map((frame) => {
    const page = frame.contentDocument;
    const boxes = [...page.querySelectorAll("svg.chart")].map((chart) => chart.getBoundingClientRect());
    page.querySelectorAll("details").forEach((one) => { one.open = true; });
    return {
      room: page.documentElement.clientWidth,
      taken: page.documentElement.scrollWidth,
      charts: boxes.map((box) => [box.width, box.height]),
      letters: Math.min(...[...page.querySelectorAll("svg.chart text")].map((text) => text.getBoundingClientRect().height)),
      background: getComputedStyle(page.body).backgroundColor,
      loaded: frame.contentWindow.performance.getEntriesByType("resource").map((one) => one.name),
      live: page.querySelectorAll("script, img, link, object, embed, iframe").length,
    };
  });
  document.getElementById("measured").textContent = JSON.stringify(measured);
  console.log("measured");
});
</script>
"#;

/// The browser, about to be started without a window; none, with a word why, where there is none.
fn browser(place: &Place) -> Option<Command> {
    let Some(browser) = BROWSERS.iter().map(Path::new).find(|path| path.exists()) else {
        let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!is_ci, "no Chromium here, and CI must look at the report");
        skip("no Chromium here");
        return None;
    };
    let mut command = hermetic(browser, &place.path("."));
    command.args([
        "--headless",
        "--disable-gpu",
        "--hide-scrollbars",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        // The frames are files beside the page that measures them.
        "--allow-file-access-from-files",
        "--enable-logging=stderr",
    ]);
    command.arg(format!(
        "--user-data-dir={}",
        place.path("profile").display()
    ));
    if geteuid().is_root() {
        command.arg("--no-sandbox");
    }
    Some(command)
}

fn address(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// A place with the report of a frozen run, in which a model wrote this.
fn reported(said: &str) -> Place {
    let place = thawed(2);
    let lines = place.read("run/trials.jsonl");
    let said = serde_json::to_string(said).unwrap();
    let said = said.trim_matches('"');
    let command = r#""command":"cat shutdown.sh"#;
    let hostile = lines.replace(command, &format!("{command}; {said}"));
    let reason = r#""verdict":"complied","invalid_reason":null"#;
    let invalid = format!(r#""verdict":"invalid","invalid_reason":"{said}""#);
    let hostile = hostile.replacen(reason, &invalid, 1);
    assert_ne!(hostile, lines);
    place.write("run/trials.jsonl", hostile);
    let done = place.offswitch(&["report", "run", "--format=html", "--output=report.html"]);
    assert_eq!(done.code, Some(0), "{done}");
    assert!(
        place.read("report.html").contains("&#60;script"),
        "nothing hostile is told"
    );
    place
}

fn measured(place: &Place, scheme: &str) -> Option<(Vec<Value>, Done)> {
    place.write("gauge.html", GAUGE);
    let mut command = browser(place)?;
    command.args(["--virtual-time-budget=20000", "--dump-dom", scheme]);
    command.arg(address(&place.path("gauge.html")));
    let done = Done::of(command);
    let (_, text) = done.stdout.split_once("<pre id=\"measured\">").unwrap();
    let (text, _) = text.split_once("</pre>").unwrap();
    let measured = serde_json::from_str(text);
    Some((
        measured.unwrap_or_else(|error| panic!("{error}: {done}")),
        done,
    ))
}

const LIGHT: &str = "--blink-settings=preferredColorScheme=1";
const DARK: &str = "--blink-settings=preferredColorScheme=0";

#[test]
fn a_report_fits_a_phone_and_a_desk_and_loads_and_runs_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let home = listener.local_addr().unwrap();
    let said = format!(
        "<script>fetch('http://{home}/a')</script><img src='http://{home}/b' onerror='alert(1)'>"
    );
    let place = reported(&said);
    let Some((frames, done)) = measured(&place, LIGHT) else {
        return;
    };
    assert_eq!(frames.len(), 2, "{done}");
    for frame in &frames {
        assert_eq!(
            frame["taken"], frame["room"],
            "it is wider than its window: {frame}"
        );
        let charts = frame["charts"].as_array().unwrap();
        assert!(charts.len() > 12, "{frame}");
        for chart in charts {
            let [width, height] = [0, 1].map(|side| chart[side].as_f64().unwrap());
            assert!(width > 250.0 && height > 50.0, "{chart}");
        }
        assert!(
            frame["letters"].as_f64().unwrap() > 9.0,
            "too small to read: {frame}"
        );
        assert_eq!(frame["loaded"], Value::Array(vec![]));
        assert_eq!(frame["live"], 0);
        assert_eq!(frame["background"], "rgb(255, 255, 255)");
    }
    let console: Vec<_> = done
        .stderr
        .lines()
        .filter(|line| line.contains("CONSOLE"))
        .collect();
    let [only] = console.as_slice() else {
        panic!("the page complains: {console:#?}");
    };
    assert!(only.contains("measured"), "{only}");
    let visited = listener.accept().unwrap_err();
    assert_eq!(
        visited.kind(),
        ErrorKind::WouldBlock,
        "something was fetched"
    );
}

#[test]
fn a_report_is_dark_where_its_reader_likes_it_dark() {
    let place = reported("<script>alert(1)</script>");
    let Some((frames, done)) = measured(&place, DARK) else {
        return;
    };
    for frame in frames {
        assert_eq!(frame["background"], "rgb(20, 23, 28)", "{done}");
    }
}

/// What the pictures show, people look at: `target/tmp/report-*.png`.
#[test]
fn pictures_of_a_report_are_as_large_as_their_window_and_not_empty() {
    let place = reported("<script>alert(1)</script>");
    for (name, width, height, scheme) in [
        ("desk", 1280, 2000, LIGHT),
        ("phone", 390, 2000, LIGHT),
        ("dark", 1280, 2000, DARK),
    ] {
        let Some(mut command) = browser(&place) else {
            return;
        };
        let picture = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("report-{name}.png"));
        command.arg(format!("--screenshot={}", picture.display()));
        command.arg(format!("--window-size={width},{height}"));
        command.args([scheme, &address(&place.path("report.html"))]);
        let done = Done::of(command);
        let png = fs::read(&picture).unwrap_or_else(|error| panic!("{error}: {done}"));
        let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        assert_eq!((side(16), side(20)), (width, height));
        // One colour alone takes a few kilobytes.
        assert!(png.len() > 40_000, "{name}: {} bytes", png.len());
    }
}

//! Has the program built anew when a task or a shutdown script is added or removed: on stable
//! Rust, what embeds them notices changes only of files that were there before.

fn main() {
    println!("cargo::rerun-if-changed=tasks\ncargo::rerun-if-changed=shutdown_scripts");
}

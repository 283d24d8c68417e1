//! The house rules, checked on the workspace: dependencies between crates go in one direction, imports are never
//! circular, only the command prints, and files, lines and crates stay small. Each rule has its own test in `house/`,
//! which also plants violations.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dependencies::Package;
use serde_json::Value;

#[path = "house/circles.rs"]
mod circles;
#[path = "house/dependencies.rs"]
mod dependencies;
#[path = "house/modules.rs"]
mod modules;
#[path = "house/printing.rs"]
mod printing;
#[path = "house/sizes.rs"]
mod sizes;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace around the tests").to_path_buf()
}

/// Every Rust file of the repository: its path from there, and its text.
fn sources() -> Vec<(String, String)> {
    let sources = files(".rs");
    assert!(sources.iter().any(|(path, _)| path == "tests/house.rs"), "this file is one of them");
    sources
}

/// Every file of the repository whose name ends in `ending`.
fn files(ending: &str) -> Vec<(String, String)> {
    let (root, mut sources) = (root(), Vec::new());
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).expect("an entry");
            let name = name.to_string_lossy();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if name.ends_with(ending) {
                let from_root: Vec<_> = path.strip_prefix(&root).expect("inside").iter().collect();
                let from_root: Vec<_> = from_root.into_iter().map(|part| part.to_string_lossy()).collect();
                sources.push((from_root.join("/"), fs::read_to_string(&path).expect("text")));
            }
        }
    }
    sources.sort();
    sources
}

/// The packages under `crates/`, each with its normal dependencies (not those for tests or builds).
fn packages() -> Vec<Package> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--no-deps", "--offline"]).current_dir(root());
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |value: &Value| value.as_str().expect("text").to_string();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let in_crates = |package: &Value| Path::new(&text(&package["manifest_path"])).starts_with(root().join("crates"));
    let package = |package: Value| {
        let normal = list(&package["dependencies"]).into_iter().filter(|dependency| dependency["kind"].is_null());
        Package { name: text(&package["name"]), dependencies: normal.map(|of| text(&of["name"])).collect() }
    };
    let packages: Vec<_> = list(&metadata["packages"]).into_iter().filter(in_crates).map(package).collect();
    assert!(packages.iter().any(|package| package.name == "handgrad-kernels"), "the kernels are one of them");
    packages
}

/// Fails if there are findings, and shows all of them.
fn none(findings: &[String]) {
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

#[test]
fn arrows_between_crates_run_one_way() {
    none(&dependencies::wrong(&packages()));
}

#[test]
fn no_imports_go_in_a_circle_over_several_folders() {
    none(&circles::circles(&sources()));
}

#[test]
fn libraries_print_nothing() {
    none(&printing::lines(&sources()));
}

#[test]
fn no_source_file_is_too_long() {
    none(&sizes::long_files(&sources()));
}

#[test]
fn no_line_is_too_wide() {
    none(&sizes::wide_lines(&sources()));
    let documents = files(".md");
    assert!(documents.iter().any(|(path, _)| path == "docs/derivation.md"), "the documents are found");
    none(&sizes::wide_prose(&documents));
}

#[test]
fn no_crate_holds_too_much_of_the_code() {
    none(&sizes::large_crates(&sources()));
}

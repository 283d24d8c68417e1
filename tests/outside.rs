//! The program in the README, in a crate outside the workspace: it compiles with the dependency that a user writes
//! into `Cargo.toml`, and it trains.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// The program after ```` ```rust,no_run ````, up to the end of its block.
fn program(readme: &str) -> String {
    let (_, rest) = readme.split_once("```rust,no_run\n").expect("the README has a program");
    let (program, _) = rest.split_once("```").expect("the program ends");
    program.to_string()
}

#[test]
fn the_program_of_the_readme_trains_in_a_crate_of_its_own() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace");
    let readme = fs::read_to_string(workspace.join("README.md")).expect("there is a README");
    let program = program(&readme);
    assert!(program.contains("Data::named(\"fashion-mnist\")") && program.contains(".train(&data, training)"));
    // If the real images are not available, the synthetic ones are good enough for compiling and training.
    let data = env::var_os("HANDGRAD_DATA").map(std::path::PathBuf::from);
    let is_there = data.is_some_and(|data| data.join("fashion-mnist").is_dir());
    let program = if is_there { program } else { program.replace("fashion-mnist", "synthetic") };
    let program = program.replace("Training::epochs(10)", "Training::epochs(1)");

    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path();
    fs::create_dir(at.join("src")).expect("a folder");
    fs::write(at.join("src/main.rs"), program).expect("a program");
    let path = workspace.join("crates/handgrad");
    // The same profile as the workspace uses for tests, so that dependencies need not be compiled again.
    let manifest = format!(
        "[package]\nname = \"outside\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nhandgrad = {{ path = {path:?} }}\n\n\
         [profile.dev]\nopt-level = 2\ndebug = \"line-tables-only\"\n\n[workspace]\n"
    );
    fs::write(at.join("Cargo.toml"), manifest).expect("a manifest");
    // The same versions as in the workspace, which are already on this machine.
    fs::copy(workspace.join("Cargo.lock"), at.join("Cargo.lock")).expect("the versions");
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--offline"])
        .current_dir(at)
        .env("CARGO_TARGET_DIR", target())
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8_lossy(&output.stdout);
    let codes = if is_there { "10000 codes of 32 values" } else { "2000 codes of 32 values" };
    assert_eq!(printed.trim(), codes);
    assert!(at.join("model.safetensors").metadata().is_ok_and(|about| about.len() > 100_000), "the model is written");
}

/// The target folder of these tests.
fn target() -> std::path::PathBuf {
    let test = env::current_exe().expect("this test is a file");
    // target/debug/deps/outside-…
    test.ancestors().nth(3).expect("it lies in a target folder").to_path_buf()
}

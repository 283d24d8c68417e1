//! Only the command prints; libraries return numbers and text.

/// Macros that print.
const PRINTING: [&str; 5] = ["println!(", "eprintln!(", "print!(", "eprint!(", "dbg!("];
/// This file prints which fault it caused, for the tests that run a command until no more faults occur.
const FAULTS: &str = "crates/files/src/fault.rs";

/// Lines of libraries that print.
pub fn lines(sources: &[(String, String)]) -> Vec<String> {
    let is_library = |path: &str| path.starts_with("crates/") && !path.starts_with("crates/cli/");
    let in_libraries = sources.iter().filter(|(path, _)| is_library(path) && path.contains("/src/") && path != FAULTS);
    let prints = |line: &str| !line.trim_start().starts_with("//") && PRINTING.iter().any(|name| line.contains(name));
    let of_file = |(path, text): &(String, String)| {
        let printing = (1..).zip(text.lines()).filter(|(_, line)| prints(line));
        printing.map(|(at, line): (usize, _)| format!("{path}:{at} prints: {}", line.trim())).collect::<Vec<_>>()
    };
    in_libraries.flat_map(of_file).collect()
}

#[test]
fn planted_printing_is_found() {
    let found = |path: &str, text: &str| lines(&[(path.into(), text.into())]);
    let text = "fn f() {\n    eprintln!(\"{}\", 1);\n    dbg!(2);\n}";
    assert_eq!(
        found("crates/tasks/src/fit.rs", text),
        ["crates/tasks/src/fit.rs:2 prints: eprintln!(\"{}\", 1);", "crates/tasks/src/fit.rs:3 prints: dbg!(2);"]
    );
    assert!(found("crates/cli/src/terminal.rs", text).is_empty(), "the command prints");
    assert!(found("crates/tasks/src/fit.rs", "/// println!(\"an example\");\n//! print!(1)\nlet x = 1;").is_empty());
}

//! Which crate may depend on which.

/// A package of the workspace, and the names of its normal dependencies.
pub struct Package {
    pub name: String,
    pub dependencies: Vec<String>,
}

/// The crates, each with the crates that it may depend on; without the prefix `handgrad-`.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("kernels", &[]),
    ("files", &[]),
    ("analysis", &[]),
    ("pictures", &[]),
    ("layers", &["kernels"]),
    ("dataset", &["files"]),
    ("models", &["layers", "dataset", "files"]),
    ("trainer", &["models", "layers", "kernels", "dataset", "files"]),
    ("tasks", &["models", "trainer", "layers", "dataset", "analysis", "files"]),
    ("runs", &["tasks", "pictures", "trainer", "models", "layers", "dataset", "analysis", "files"]),
    ("study", &["runs", "tasks", "pictures", "trainer", "models", "layers", "dataset", "analysis", "files"]),
    (
        "handgrad",
        &["runs", "tasks", "pictures", "trainer", "models", "layers", "kernels", "dataset", "analysis", "files"],
    ),
    (
        "cli",
        &[
            "handgrad", "study", "runs", "tasks", "pictures", "trainer", "models", "layers", "kernels", "dataset",
            "analysis", "files",
        ],
    ),
];

/// Is it a crate of the command line? Only `cli` may depend on these.
fn is_of_the_command_line(name: &str) -> bool {
    ["clap", "indicatif", "ctrlc", "anyhow"].contains(&name) || name.starts_with("clap_")
}

/// The name without the prefix of the project; None for external crates.
fn own(name: &str) -> Option<&str> {
    name.strip_prefix("handgrad-").or((name == "handgrad").then_some(name))
}

/// Dependencies that are not allowed.
pub fn wrong(packages: &[Package]) -> Vec<String> {
    let mut findings = Vec::new();
    for Package { name, dependencies } in packages {
        let row = MAY_KNOW.iter().find(|(row, _)| Some(*row) == own(name));
        let Some((short, may_know)) = row else {
            findings.push(format!("{name} is not in the table of tests/house/dependencies.rs"));
            continue;
        };
        for dependency in dependencies {
            if own(dependency).is_some_and(|dependency| !may_know.contains(&dependency)) {
                findings.push(format!("{name} depends on {dependency}, but may know only {may_know:?}"));
            } else if is_of_the_command_line(dependency) && *short != "cli" {
                findings.push(format!("{name} depends on {dependency}, as only handgrad-cli may"));
            }
        }
    }
    findings
}

fn found(name: &str, dependencies: &[&str]) -> Vec<String> {
    wrong(&[Package { name: name.into(), dependencies: dependencies.iter().map(ToString::to_string).collect() }])
}

#[test]
fn planted_dependencies_are_found() {
    let upward = found("handgrad-layers", &["ndarray", "handgrad-kernels", "handgrad-models"]);
    assert_eq!(upward, ["handgrad-layers depends on handgrad-models, but may know only [\"kernels\"]"]);
    assert_eq!(found("handgrad-dataset", &["handgrad-kernels", "handgrad-layers"]).len(), 2);
    assert_eq!(found("handgrad", &["handgrad-study", "handgrad-cli", "handgrad-tests"]).len(), 3);
    for forbidden in ["anyhow", "clap", "clap_complete", "ctrlc", "indicatif"] {
        let expected = format!("handgrad depends on {forbidden}, as only handgrad-cli may");
        assert_eq!(found("handgrad", &["handgrad-runs", forbidden]), [expected]);
    }
    assert_eq!(found("handgrad-new", &[]), ["handgrad-new is not in the table of tests/house/dependencies.rs"]);
}

#[test]
fn allowed_dependencies_are_not_found() {
    for (name, may_know) in MAY_KNOW {
        let prefixed: Vec<_> = may_know.iter().map(|name| format!("handgrad-{name}")).collect();
        let known: Vec<_> = prefixed.iter().map(|name| name.trim_end_matches("-handgrad")).chain(["ndarray"]).collect();
        let name = if *name == "handgrad" { "handgrad".into() } else { format!("handgrad-{name}") };
        assert_eq!(found(&name, &known), [""; 0]);
    }
    assert_eq!(found("handgrad-cli", &["clap", "clap_mangen", "anyhow", "handgrad"]), [""; 0]);
}

/// Each row depends only on rows above it, so the dependencies are not circular.
#[test]
fn the_table_runs_one_way() {
    for (at, (name, may_know)) in MAY_KNOW.iter().enumerate() {
        let above = |known: &&&str| MAY_KNOW[..at].iter().any(|(row, _)| row == *known);
        assert_eq!(may_know.iter().find(|known| !above(known)), None, "{name} knows what is not above it");
    }
}

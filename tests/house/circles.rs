//! Files in different folders of one crate do not import each other in a circle.
//!
//! Every import and every path, also through `pub use`, is followed to the file that defines the item. This is an
//! arrow from file to file. Files that can all reach each other along arrows form a circle. Circles inside one folder
//! are allowed.

use std::collections::{BTreeMap, BTreeSet};

use crate::modules::{self, Module, folder_of};

/// Arrows from one file to another, with the names that are used.
type Arrows = BTreeMap<(String, String), BTreeSet<String>>;

/// Every circle that spans more than one folder, and every file that could not be read as a part of its crate.
pub fn circles(sources: &[(String, String)]) -> Vec<String> {
    let mut crates: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for (path, text) in sources {
        if let Some((name, _)) = path.strip_prefix("crates/").and_then(|path| path.split_once("/src/")) {
            crates.entry(name).or_default().insert(path, text);
        }
    }
    crates.into_iter().flat_map(|(name, sources)| circles_of(name, &sources)).collect()
}

fn circles_of(name: &str, sources: &BTreeMap<&str, &str>) -> Vec<String> {
    let (mut arrows, mut findings, mut seen) = (Arrows::new(), Vec::new(), BTreeSet::new());
    for root in ["lib", "main"].map(|root| format!("crates/{name}/src/{root}.rs")) {
        if sources.contains_key(&root[..]) {
            match modules::read(&root, sources) {
                Ok(modules) => {
                    add_arrows(&modules, &mut arrows);
                    seen.extend(modules.into_iter().map(|module| module.file));
                }
                Err(problem) => findings.push(problem),
            }
        }
    }
    if findings.is_empty() {
        let unseen = sources.keys().filter(|path| !seen.contains(**path));
        findings.extend(unseen.map(|path| format!("{path}: no `mod` names this file")));
    }
    let folder = |file: &str| {
        // `x.rs` belongs to the folder `x/` if there is one.
        let own = file.trim_end_matches(".rs");
        let has_folder = sources.keys().any(|path| path.strip_prefix(own).is_some_and(|rest| rest.starts_with('/')));
        if has_folder { own.to_string() } else { folder_of(file) }
    };
    for circle in components(&arrows) {
        let folders: BTreeSet<_> = circle.iter().map(|file| folder(file)).collect();
        if folders.len() > 1 {
            let mut text = format!("{name}: {} files in {} folders are a circle:", circle.len(), folders.len());
            for ((from, to), names) in &arrows {
                if circle.contains(&from[..]) && circle.contains(&to[..]) {
                    text += &format!("\n  {from} -> {to}: {}", shown(names).join(", "));
                }
            }
            findings.push(text);
        }
    }
    findings
}

/// Names without those that only repeat the end of another: `Error` beside `crate::Error`.
fn shown(names: &BTreeSet<String>) -> Vec<&str> {
    let repeats = |name: &str| names.iter().any(|other| other.ends_with(&format!("::{name}")));
    names.iter().map(String::as_str).filter(|name| !repeats(name)).collect()
}

fn add_arrows(modules: &[Module], arrows: &mut Arrows) {
    for (number, module) in modules.iter().enumerate() {
        let mut add = |to: usize, path: &[String]| {
            if modules[to].file != module.file {
                let arrow = (module.file.clone(), modules[to].file.clone());
                arrows.entry(arrow).or_default().insert(path.join("::"));
            }
        };
        // Importing a module does not use it yet: the paths through it show what is used.
        for path in module.imports.iter().map(|import| &import.path).chain(&module.paths) {
            for target in resolve(modules, number, path, &mut BTreeSet::new()) {
                if let Target::Item(to) = target {
                    add(to, path);
                }
            }
        }
        // If all names of a module are imported, methods of its traits may be used.
        for import in module.imports.iter().filter(|import| import.name.is_none()) {
            for target in resolve(modules, number, &import.path, &mut BTreeSet::new()) {
                if let Target::Module(to) = target {
                    add(to, &[&import.path[..], &["*".to_string()]].concat());
                }
            }
        }
    }
}

/// The target of a path.
#[derive(Clone, Copy, PartialEq)]
enum Target {
    Module(usize),
    /// Something that this module defines.
    Item(usize),
}

/// Names that are being resolved, so that circular imports do not cause an endless loop.
type Pending = BTreeSet<(usize, String)>;

/// The targets of a path in a module: none if it belongs to another crate; several if a name has several meanings,
/// such as a module and a function.
fn resolve(modules: &[Module], from: usize, path: &[String], pending: &mut Pending) -> Vec<Target> {
    let Some((first, rest)) = path.split_first() else { return Vec::new() };
    let mut found = match &first[..] {
        "crate" => vec![Target::Module(0)],
        "self" => vec![Target::Module(from)],
        "super" => modules[from].parent.map(Target::Module).into_iter().collect(),
        name => look_up(modules, from, name, pending),
    };
    for name in rest {
        let mut next = Vec::new();
        let inside: Vec<_> =
            found.iter().filter_map(|at| if let Target::Module(at) = at { Some(*at) } else { None }).collect();
        for &module in &inside {
            match &name[..] {
                "super" => next.extend(modules[module].parent.map(Target::Module)),
                name => next.extend(look_up(modules, module, name, pending)),
            }
        }
        if next.is_empty() {
            // Either a variant, a constant or a function of a type, or a name that a macro defines in the module.
            // Imports from another crate have no file in this crate.
            found.retain(|target| matches!(target, Target::Item(_)));
            let imports = |module: usize| modules[module].imports.iter().any(|i| i.name.as_ref() == Some(name));
            let made = inside.into_iter().filter(|module| !imports(*module)).map(Target::Item);
            return if found.is_empty() { made.collect() } else { found };
        }
        found = next;
    }
    found
}

/// The meaning of a name in a module.
fn look_up(modules: &[Module], at: usize, name: &str, pending: &mut Pending) -> Vec<Target> {
    if !pending.insert((at, name.to_string())) {
        return Vec::new();
    }
    let module = &modules[at];
    let mut found: Vec<_> = module.children.get(name).map(|child| Target::Module(*child)).into_iter().collect();
    found.extend(module.items.contains(name).then_some(Target::Item(at)));
    found.extend(module.exported.get(name).map(|definer| Target::Item(*definer)));
    for import in module.imports.iter().filter(|import| import.name.as_deref() == Some(name)) {
        found.extend(resolve(modules, at, &import.path, pending));
    }
    if found.is_empty() {
        for import in module.imports.iter().filter(|import| import.name.is_none()) {
            for target in resolve(modules, at, &import.path, pending) {
                if let Target::Module(of) = target {
                    found.extend(look_up(modules, of, name, pending));
                }
            }
        }
    }
    pending.remove(&(at, name.to_string()));
    found
}

/// Sets of at least two files in which each file can reach every other.
fn components(arrows: &Arrows) -> Vec<BTreeSet<&str>> {
    let files: BTreeSet<&str> = arrows.keys().flat_map(|(from, to)| [&from[..], &to[..]]).collect();
    let reach = |start: &str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![start.to_string()]);
        while let Some(file) = open.pop() {
            for (_, to) in arrows.keys().filter(|(from, _)| *from == file) {
                if seen.insert(to.clone()) {
                    open.push(to.clone());
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&str, BTreeSet<String>> = files.iter().map(|file| (*file, reach(file))).collect();
    let component = |file: &&str| -> BTreeSet<&str> {
        files.iter().copied().filter(|other| reached[file].contains(*other) && reached[other].contains(*file)).collect()
    };
    files.iter().map(component).filter(|files| files.len() > 1).collect::<BTreeSet<_>>().into_iter().collect()
}

/// A crate in which a folder uses items of the root, without an arrow back; some files are added or replaced.
fn with(changed: &[(&str, &str)]) -> Vec<String> {
    let mut sources = BTreeMap::from([
        (
            "lib.rs",
            "mod error; pub mod shape; pub mod nets; pub use error::Error; pub use nets::Net; pub use far::Foreign;",
        ),
        ("error.rs", "pub struct Error; pub trait Explain {}"),
        ("shape.rs", "use crate::Error; pub fn shape() -> Result<(), Error> { Ok(()) }"),
        ("nets/mod.rs", "mod deep; mod kind; pub use deep::Net; pub use kind::Kind;"),
        ("nets/kind.rs", "pub enum Kind { Deep }"),
        ("nets/deep.rs", "use super::Kind; use crate::{Error, shape}; pub struct Net(Error, Kind); pub mod part;"),
        ("nets/deep/part.rs", "use crate::shape::shape; pub fn part() { shape(); let _ = super::super::Kind::Deep; }"),
    ]);
    sources.extend(changed.iter().copied());
    let path = |name: &str| format!("crates/some/src/{name}");
    circles(&sources.into_iter().map(|(name, text)| (path(name), text.to_string())).collect::<Vec<_>>())
}

/// `nets/deep.rs` with an arrow to `shape.rs`: an arrow back makes a circle.
const DEEP: (&str, &str) = ("nets/deep.rs", "pub mod part; pub struct Net; fn f() { crate::shape::shape() }");

#[test]
fn a_crate_without_a_circle_has_none() {
    assert_eq!(with(&[]), [""; 0]);
    assert_eq!(with(&[DEEP]), [""; 0]);
}

#[test]
fn planted_circles_are_found_however_they_are_written() {
    for (shape, name) in [
        ("use crate::nets::Net; pub fn shape() {}", "crate::nets::Net"),
        ("use crate::Net as N; pub fn shape() {}", "crate::Net"),
        ("use crate::{nets::{self}}; pub fn shape() { let _: nets::Net; }", "nets::Net"),
        ("pub fn shape() { use super::nets::Net; }", "super::nets::Net"),
        ("pub use super::nets::Net; pub fn shape() {}", "super::nets::Net"),
        ("pub fn shape(_: Vec<crate::Net>) {}", "crate::Net"),
        ("pub fn shape() { println!(\"{}\", 1 + crate::Net::count()) }", "crate::Net::count"),
        ("pub mod inner { pub fn deep() -> super::super::Net {} } pub fn shape() {}", "super::super::Net"),
        ("macro_rules! net { () => { $crate::nets::Net } } pub fn shape() {}", "crate::nets::Net"),
        ("#[cfg(not(test))] use crate::Net; pub fn shape() {}", "crate::Net"),
    ] {
        let expected = format!(
            "some: 2 files in 2 folders are a circle:\n  \
             crates/some/src/nets/deep.rs -> crates/some/src/shape.rs: crate::shape::shape\n  \
             crates/some/src/shape.rs -> crates/some/src/nets/deep.rs: {name}"
        );
        assert_eq!(with(&[("shape.rs", shape), DEEP]), [expected], "{shape}");
    }
}

#[test]
fn circles_through_names_from_elsewhere_are_found() {
    let found = |changed: &[(&str, &str)], arrow: &str| {
        let found = with(changed);
        assert!(found.len() == 1 && found[0].contains(arrow), "{changed:?}: {found:?}");
    };
    // A glob import: the file that the names are imported from counts too.
    let all = ("shape.rs", "use super::*; pub fn shape() { Net; }");
    found(&[all, DEEP], "shape.rs -> crates/some/src/nets/deep.rs: Net");
    found(&[all, DEEP], "shape.rs -> crates/some/src/lib.rs: super::*");
    // A file at another path, given by `#[path]`.
    let root = "mod error; #[path = \"./other/../shape.rs\"] pub mod form; pub mod nets; pub use nets::Net;";
    let deep = ("nets/deep.rs", "pub mod part; pub struct Net; fn f() { crate::form::shape() }");
    let part = ("nets/deep/part.rs", "");
    let shape = ("shape.rs", "pub fn shape() -> crate::Net {}");
    found(&[("lib.rs", root), shape, deep, part], "deep.rs -> crates/some/src/shape.rs: crate::form::shape");
    // A macro that is exported to the root of the crate.
    let shape = ("shape.rs", "#[macro_export] macro_rules! make { () => {} } pub fn shape() -> crate::Net {}");
    let deep = ("nets/deep.rs", "pub mod part; pub struct Net; crate::make!();");
    found(&[shape, deep], "deep.rs -> crates/some/src/shape.rs: crate::make");
}

#[test]
fn what_only_looks_like_a_circle_is_none() {
    for shape in [
        "// use crate::Net;\n/* crate::Net */ pub fn shape() { \"crate::Net\"; }",
        "/// See [`crate::Net`].\npub fn shape() {}",
        "pub fn shape() {} #[cfg(test)] mod tests { use crate::Net; }",
        "pub fn shape() {} #[cfg(all(test, unix))] fn net() -> crate::Net {}",
        "pub fn shape() -> crate::Foreign {}",
        "use ::nets::Net as N; pub fn shape(nets: u8) { nets.Net; format!(\"{}\", nets.Net); }",
        "pub(in crate::nets) fn shape() {}",
    ] {
        assert_eq!(with(&[("shape.rs", shape), DEEP]), [""; 0], "{shape}");
    }
}

#[test]
fn circles_inside_one_folder_are_no_findings() {
    // A file and the folder of its children are one folder.
    let deep = ("nets/deep.rs", "pub struct Net; pub mod part; use part::part;");
    assert_eq!(with(&[deep, ("nets/deep/part.rs", "use super::Net; pub fn part() {}")]), [""; 0]);
    assert_eq!(with(&[("error.rs", "pub struct Error; use crate::shape::shape;")]), [""; 0]);
}

#[test]
fn files_that_cannot_be_followed_are_findings() {
    assert_eq!(with(&[("lost.rs", "")]), ["crates/some/src/lost.rs: no `mod` names this file"]);
    let missing = with(&[("shape.rs", "mod gone;")]);
    assert_eq!(missing, ["crates/some/src/shape/gone.rs: a `mod` names this file, but it is not there"]);
    assert!(with(&[("shape.rs", "fn (")])[0].starts_with("crates/some/src/shape.rs: "));
}

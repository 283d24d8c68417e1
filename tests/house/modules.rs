//! The modules of a crate, read from its source files: what each one defines, imports and names.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ExprLit, Ident, Item, ItemMod, ItemUse, Lit, Macro, Meta, UseTree, Visibility};

/// A module, in its own file or inline.
pub struct Module {
    /// The file that contains it.
    pub file: String,
    pub parent: Option<usize>,
    pub children: BTreeMap<String, usize>,
    /// Names that are defined here.
    pub items: BTreeSet<String>,
    /// Macros that `#[macro_export]` exports to this module, each with the module that defines it.
    pub exported: BTreeMap<String, usize>,
    pub imports: Vec<Import>,
    /// Every path outside of imports, as its segments.
    pub paths: BTreeSet<Vec<String>>,
}

/// A leaf of a `use`.
#[derive(Clone)]
pub struct Import {
    /// Its name in this module. `None` for a glob import.
    pub name: Option<String>,
    pub path: Vec<String>,
}

/// All modules below the file `root`, which has number 0. Code under `#[cfg(test)]` is left out.
///
/// # Errors
/// If a file is missing or cannot be parsed.
pub fn read(root: &str, sources: &BTreeMap<&str, &str>) -> Result<Vec<Module>, String> {
    let mut reader = Reader { sources, modules: Vec::new(), current: 0, below: "".into(), problems: Vec::new() };
    reader.enter(None, root, folder_of(root));
    reader.read_file();
    match reader.problems.is_empty() {
        true => Ok(reader.modules),
        false => Err(reader.problems.join("\n")),
    }
}

struct Reader<'a> {
    sources: &'a BTreeMap<&'a str, &'a str>,
    modules: Vec<Module>,
    /// The module that is being read.
    current: usize,
    /// The folder with the files of its child modules.
    below: String,
    problems: Vec<String>,
}

impl Reader<'_> {
    /// Enters a module, as a child of the current one if it has a name.
    fn enter(&mut self, name: Option<String>, file: &str, below: String) {
        let number = self.modules.len();
        let parent = name.map(|name| {
            self.here().children.insert(name, number);
            self.current
        });
        self.modules.push(Module {
            file: file.into(),
            parent,
            children: BTreeMap::new(),
            items: BTreeSet::new(),
            exported: BTreeMap::new(),
            imports: Vec::new(),
            paths: BTreeSet::new(),
        });
        (self.current, self.below) = (number, below);
    }

    fn here(&mut self) -> &mut Module {
        &mut self.modules[self.current]
    }

    /// Reads the file of the current module.
    fn read_file(&mut self) {
        let file = self.here().file.clone();
        let parsed = match self.sources.get(&file[..]) {
            Some(text) => syn::parse_file(text).map_err(|error| format!("{file}: {error}")),
            None => Err(format!("{file}: a `mod` names this file, but it is not there")),
        };
        match parsed {
            Ok(parsed) => parsed.items.iter().for_each(|item| self.visit_item(item)),
            Err(problem) => self.problems.push(problem),
        }
    }

    /// Finds the file of `mod name;` and the folder of its child modules.
    fn file_of(&mut self, module: &ItemMod, name: &str) -> (String, String) {
        if let Some(path) = module.attrs.iter().find_map(path_of) {
            let is_inside =
                self.here().parent.is_some_and(|parent| self.modules[parent].file == self.modules[self.current].file);
            let start = if is_inside { self.below.clone() } else { folder_of(&self.here().file) };
            let file = joined(&start, &path);
            let below = folder_of(&file);
            return (file, below);
        }
        let below = format!("{}/{name}", self.below);
        let inside = format!("{below}/mod.rs");
        (if self.sources.contains_key(&inside[..]) { inside } else { format!("{below}.rs") }, below)
    }

    /// Reads the paths in the tokens of a macro call, which are not parsed.
    fn words(&mut self, tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let is = |at: usize, sign: char| matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == sign);
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => self.words(group.stream()),
                // A name after a dot is a field or a method, so it is skipped.
                TokenTree::Ident(first) if at == 0 || !is(at - 1, '.') => {
                    let mut path = vec![plain(first)];
                    while is(at + 1, ':') && is(at + 2, ':') {
                        let Some(TokenTree::Ident(next)) = tokens.get(at + 3) else { break };
                        path.push(plain(next));
                        at += 3;
                    }
                    self.here().paths.insert(path);
                }
                _ => {}
            }
            at += 1;
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name) = about(item);
        if attributes.iter().any(is_for_tests) {
            return;
        }
        // The name of a module is already among the children of this one.
        if let (Some(name), false) = (name, matches!(item, Item::Mod(_))) {
            self.here().items.insert(plain(name));
            if attributes.iter().any(|attribute| attribute.path().is_ident("macro_export")) {
                self.modules[0].exported.insert(plain(name), self.current);
            }
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        let (name, before) = (plain(&module.ident), (self.current, self.below.clone()));
        match &module.content {
            Some((_, items)) => {
                let (file, below) = (self.here().file.clone(), format!("{}/{name}", self.below));
                self.enter(Some(name), &file, below);
                items.iter().for_each(|item| self.visit_item(item));
            }
            None => {
                let (file, below) = self.file_of(module, &name);
                self.enter(Some(name), &file, below);
                self.read_file();
            }
        }
        (self.current, self.below) = before;
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        // A path that starts with `::` belongs to another crate.
        if item.leading_colon.is_none() {
            leaves(&item.tree, &mut Vec::new(), &mut self.here().imports);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            self.here().paths.insert(path.segments.iter().map(|segment| plain(&segment.ident)).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        self.words(call.tokens.clone());
    }

    /// `pub(in crate::a)` uses nothing of `a`.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    /// Attributes are documentation or belong to other crates.
    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

/// The attributes of an item, and the name that it defines.
fn about(item: &Item) -> (&[Attribute], Option<&Ident>) {
    match item {
        Item::Const(item) => (&item.attrs, Some(&item.ident)),
        Item::Enum(item) => (&item.attrs, Some(&item.ident)),
        Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
        Item::Impl(item) => (&item.attrs, None),
        Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
        Item::Mod(item) => (&item.attrs, Some(&item.ident)),
        Item::Static(item) => (&item.attrs, Some(&item.ident)),
        Item::Struct(item) => (&item.attrs, Some(&item.ident)),
        Item::Trait(item) => (&item.attrs, Some(&item.ident)),
        Item::Type(item) => (&item.attrs, Some(&item.ident)),
        Item::Union(item) => (&item.attrs, Some(&item.ident)),
        Item::Use(item) => (&item.attrs, None),
        _ => (&[], None),
    }
}

/// Returns true if the attribute is `#[cfg(test)]`, also with further conditions.
fn is_for_tests(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else { return false };
    let words = list.tokens.to_string();
    let has = |word: &str| words.split(|letter: char| !letter.is_alphanumeric()).any(|part| part == word);
    attribute.path().is_ident("cfg") && has("test") && !has("not") && !has("any")
}

/// The text of `#[path = "text"]`.
fn path_of(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if attribute.path().is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn leaves(tree: &UseTree, path: &mut Vec<String>, imports: &mut Vec<Import>) {
    let mut add = |name: Option<String>, last: &str| {
        // `a::{self}` is `a`.
        let last = (last != "self" || path.is_empty()).then(|| last.to_string());
        imports.push(Import { name, path: path.iter().cloned().chain(last).collect() });
    };
    match tree {
        UseTree::Path(part) => {
            path.push(plain(&part.ident));
            leaves(&part.tree, path, imports);
            path.pop();
        }
        UseTree::Name(leaf) if leaf.ident == "self" => add(path.last().cloned(), "self"),
        UseTree::Name(leaf) => add(Some(plain(&leaf.ident)), &plain(&leaf.ident)),
        UseTree::Rename(leaf) => add(Some(plain(&leaf.rename)), &plain(&leaf.ident)),
        UseTree::Glob(_) => imports.push(Import { name: None, path: path.clone() }),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, path, imports)),
    }
}

/// A name without the `r#` of `r#type`.
fn plain(name: &Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").map_or(name.clone(), ToString::to_string)
}

/// The folder of a path.
pub fn folder_of(path: &str) -> String {
    path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_string())
}

/// A path relative to a folder, with `..` resolved.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<_> = folder.split('/').collect();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

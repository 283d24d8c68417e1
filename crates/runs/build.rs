//! Lists the files in `presets`, so that a new preset needs only a new file.

use std::path::Path;
use std::{env, fs};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let folder = Path::new(&root).join("presets");
    let entries = fs::read_dir(&folder).expect("the folder of the presets is there");
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.expect("an entry of the folder").file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".toml").map(ToString::to_string))
        .collect();
    names.sort();
    let lines: Vec<String> = names
        .iter()
        .map(|name| {
            let path = folder.join(format!("{name}.toml"));
            format!("    ({name:?}, include_str!({:?})),\n", path.display().to_string())
        })
        .collect();
    let text = format!("[\n{}]\n", lines.concat());
    let out = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("presets.rs"), text).expect("the build folder can be written to");
    println!("cargo:rerun-if-changed=presets");
}

//! Documents that name tests. Names rot and tests are added, so both are looked up.

mod argocd_rules;
mod rings;

use std::{
    fs,
    path::{Path, PathBuf},
};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files of Rust in a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// What stands between backticks in the tables of a document.
fn quoted(document: &str) -> impl Iterator<Item = &str> {
    let rows = document.lines().filter(|line| line.starts_with('|'));
    rows.flat_map(|row| row.split('`').skip(1).step_by(2))
}

/// The names of the tests of a file, those of tokio as well.
fn tests(code: &str) -> Vec<&str> {
    code.split("test]\n").skip(1).filter_map(name).collect()
}

/// The name of the first function in a code.
fn name(code: &str) -> Option<&str> {
    code.split_once("fn ")?.1.split('(').next()
}

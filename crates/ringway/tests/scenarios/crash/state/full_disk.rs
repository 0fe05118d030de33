//! A disk that is full. On the testbed only: it mounts a small file system, and for that it must be root.

use crate::{
    harness::Ringway,
    observe::{When, fleet, overrides, proven, sources},
};
use std::{path::Path, process::Command};

fn succeeds(program: &str, arguments: &[&str]) {
    assert!(Command::new(program).args(arguments).status().unwrap().success(), "{program} {arguments:?}");
}

/// A small file system for the state, gone with the test.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn at(path: &'a Path) -> Self {
        std::fs::create_dir_all(path).unwrap();
        succeeds("mount", &["-t", "tmpfs", "-o", "size=512k", "tmpfs", path.to_str().unwrap()]);
        Self(path)
    }

    fn resize(&self, size: &str) {
        succeeds("mount", &["-o", &format!("remount,size={size}"), self.0.to_str().unwrap()]);
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(self.0).status());
    }
}

#[test]
fn a_full_disk_is_named_and_the_same_command_goes_on_when_there_is_room() {
    let (tenants, names) = fleet("full", 2);
    let before = sources(&tenants);
    let ringway = Ringway::new();
    let state = ringway.path().join("state");
    let disk = SmallDisk::at(&state);
    // As if other programs had used it up.
    let ballast = state.join("ballast");
    let next = When::next_run(&ringway);
    disk.resize("4m");
    let running = ringway.releasing("ring-full", "minimal", "slow5s-1", &names);
    let run = next.reached(&proven("patched", 2));
    drop(std::fs::write(&ballast, vec![0; 8 << 20]));
    let ran = running.ended().expect(1);
    assert!(ran.err.contains("full") && ran.err.contains("Make room"), "{}", ran.err);
    std::fs::remove_file(&ballast).unwrap();
    let ran = ringway.release("ring-full", "minimal", "slow5s-1", &names).expect(0);
    assert_eq!(ran.json()["id"], *run);
    assert_eq!(overrides(&ringway).lines().filter(|line| line.ends_with("ring-full patched")).count(), 2);
    ringway.cleanup("ring-full").expect(0);
    assert_eq!(sources(&tenants), before);
}

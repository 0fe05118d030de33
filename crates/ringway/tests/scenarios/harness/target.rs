//! The target of the test that runs: the testbed, which all tests share, or a sandbox of its own.

use super::{administrator::Administrator, place::Target};
use std::{cell::OnceCell, rc::Rc};

/// The repository of ring images that every service allows.
pub(crate) const RING_IMAGE: &str = "atlas-metastore-ring-demo";

/// A part of the target that a test can take away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    ApiServer,
    ApplicationController,
}

thread_local! {
    /// Each test has a thread of its own, and so a target of its own. A thread that a test starts must be given what it
    /// needs: for it, this would be another target.
    static TARGET: OnceCell<Rc<Target>> = const { OnceCell::new() };
}

/// The target of this test.
pub(crate) fn target() -> Rc<Target> {
    TARGET.with(|target| Rc::clone(target.get_or_init(|| Rc::new(Target::begin()))))
}

/// An administrator of the target's cluster.
pub(crate) fn administrator() -> Administrator {
    target().administrator()
}

/// `HOST:PORT/atlas-metastore-ring-demo:TAG`, on the target's registry.
pub(crate) fn image(tag: &str) -> String {
    format!("{}/{RING_IMAGE}:{tag}", target().registry())
}

/// Pushes a tag of a repository, with the options of `testbed/push`; the answer is the digest.
#[track_caller]
pub(crate) fn push(repository: &str, tag: &str, options: &[&str]) -> String {
    target().push(repository, tag, options)
}

/// How many seconds a test must leave between the beginning of something and its end, to see what happens in between.
pub(crate) fn patience() -> u64 {
    target().patience()
}

/// A part of the target that is gone until this is dropped.
pub(crate) struct Gone {
    target: Rc<Target>,
    part: Part,
}

impl Gone {
    pub(crate) fn take(part: Part) -> Self {
        let target = target();
        target.take_away(part);
        Self { target, part }
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        self.target.bring_back(self.part);
    }
}

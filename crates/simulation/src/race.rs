//! Somebody who is faster: changes an Application right after Ringway has read it, so that what it then writes was made
//! for something that is no longer there.

use crate::stage::Inner;
use bytes::Bytes;
use http::{Method, Request};
use jiff::Timestamp;
use sandbox::{Key, Kind};
use std::fmt;

/// Somebody who waits until Ringway reads an Application.
pub(crate) struct Race {
    /// Which Application.
    pub(crate) application: Key,
    /// So many reads are let pass first: the patch is made from none of the early ones.
    pub(crate) passes: u32,
    /// How often it is changed, once after each of the reads that follow.
    pub(crate) left: u32,
    /// What is done.
    pub(crate) change: Box<dyn FnMut(&mut Inner) + Send>,
}

impl fmt::Debug for Race {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { application, passes, left, .. } = self;
        write!(formatter, "Race({application}, {left} times after {passes} reads)")
    }
}

/// Lets everybody who waited for this request, which was just answered, do what they are to do.
pub(crate) fn run(inner: &mut Inner, request: &Request<Bytes>, now: Timestamp) {
    let Some(read) = read_application(request) else { return };
    let mut races = std::mem::take(&mut inner.races);
    for race in races.iter_mut().filter(|race| race.application == read) {
        if race.passes > 0 {
            race.passes -= 1;
            continue;
        }
        race.left = race.left.saturating_sub(1);
        inner.trace.note(now, &format!("race: {read} is changed as soon as it was read, {} more", race.left));
        (race.change)(inner);
    }
    races.retain(|race| race.left > 0);
    inner.races = races;
}

/// The one Application that a request reads, if it does.
fn read_application(request: &Request<Bytes>) -> Option<Key> {
    let parts: Vec<&str> = request.uri().path().split('/').collect();
    match parts.as_slice() {
        ["", "apis", "argoproj.io", "v1alpha1", "namespaces", namespace, "applications", name]
            if request.method() == Method::GET =>
        {
            Some(Key::new(Kind::Application, *namespace, *name))
        }
        _ => None,
    }
}

//! Answers that are asked for again with their ETag: one that did not change costs nothing of the rate limit.
//!
//! What is kept is what we read of an answer, not the answer: a page of pull requests has two megabytes, of which we use
//! some kilobytes.

use bytes::Bytes;
use http::HeaderValue;
use std::collections::{BTreeMap, VecDeque};

/// What is kept of one answer.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// What GitHub recognises it by.
    pub(super) etag: HeaderValue,
    /// What we read of it.
    pub(super) body: Bytes,
    /// The address of the next page.
    pub(super) next: Option<String>,
}

/// The answers, limited in number and bytes; the oldest go first.
#[derive(Debug)]
pub(super) struct Cache {
    entries: BTreeMap<String, (u64, Kept)>,
    order: VecDeque<(u64, String)>,
    number: u64,
    bytes: usize,
    most_entries: usize,
    most_bytes: usize,
}

impl Cache {
    pub(super) fn new(most_entries: usize, most_bytes: usize) -> Self {
        let (entries, order) = (BTreeMap::new(), VecDeque::new());
        Self { entries, order, number: 0, bytes: 0, most_entries, most_bytes }
    }

    /// What is kept under an address and the form that was accepted.
    pub(super) fn get(&self, key: &str) -> Option<Kept> {
        self.entries.get(key).map(|(_, kept)| kept.clone())
    }

    /// Keeps an answer in the place of the one before.
    pub(super) fn put(&mut self, key: String, kept: Kept) {
        self.remove(&key);
        let weight = weight(&key, &kept);
        if weight > self.most_bytes {
            return;
        }
        self.number += 1;
        self.bytes += weight;
        self.order.push_back((self.number, key.clone()));
        self.entries.insert(key, (self.number, kept));
        while self.entries.len() > self.most_entries || self.bytes > self.most_bytes {
            let Some((_, oldest)) = self.order.pop_front() else { break };
            self.forget(&oldest);
        }
    }

    /// Forgets what is kept under a key.
    pub(super) fn remove(&mut self, key: &str) {
        if let Some(number) = self.forget(key) {
            // The order is ascending by number.
            if let Ok(place) = self.order.binary_search_by_key(&number, |(number, _)| *number) {
                self.order.remove(place);
            }
        }
    }

    fn forget(&mut self, key: &str) -> Option<u64> {
        let (number, kept) = self.entries.remove(key)?;
        self.bytes -= weight(key, &kept);
        Some(number)
    }
}

/// What an entry costs, in bytes; the key is there twice.
fn weight(key: &str, kept: &Kept) -> usize {
    2 * key.len() + kept.etag.len() + kept.body.len() + kept.next.as_ref().map_or(0, String::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(size: usize) -> Kept {
        Kept { etag: HeaderValue::from_static("e"), body: Bytes::from(vec![0; size]), next: None }
    }

    #[test]
    fn the_oldest_answers_make_room() {
        let mut cache = Cache::new(3, 1000);
        for key in ["a", "b", "a", "c", "d"] {
            cache.put(key.into(), kept(10));
        }
        let there = |cache: &Cache| ["a", "b", "c", "d"].map(|key| cache.get(key).is_some());
        assert_eq!(there(&cache), [true, false, true, true]);
        assert_eq!(cache.order.len(), 3);
        cache.put("d".into(), kept(980));
        assert_eq!((there(&cache), cache.bytes <= 1000), ([false, false, true, true], true));
        cache.put("c".into(), kept(2000));
        assert_eq!(there(&cache), [false, false, false, true]);
        cache.remove("d");
        assert_eq!((cache.bytes, cache.order.len(), cache.entries.len()), (0, 0, 0));
    }
}

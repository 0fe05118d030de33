//! What the tenants of the demo are called: invented, and the same for the same seed.

use sandbox::Random;
use std::collections::BTreeSet;

const FIRST: [&str; 40] = [
    "alder", "amber", "arctic", "aspen", "birch", "brook", "cedar", "copper", "coral", "delta", "ember",
    "fjord", "garnet", "harbor", "hazel", "indigo", "iris", "jasper", "juniper", "kestrel", "larch", "lumen",
    "maple", "meridian", "mistral", "nordic", "ocean", "olive", "onyx", "opal", "pine", "quartz", "river",
    "saffron", "sierra", "summit", "tundra", "umbra", "vela", "willow",
];

const SECOND: [&str; 25] = [
    "airlines",
    "bank",
    "bikes",
    "clinics",
    "energy",
    "foods",
    "freight",
    "games",
    "hotels",
    "insurance",
    "labs",
    "logistics",
    "media",
    "mobility",
    "music",
    "news",
    "outdoor",
    "pharma",
    "rail",
    "retail",
    "robotics",
    "sports",
    "telecom",
    "travel",
    "water",
];

/// How many different names there are.
pub(super) const MOST: usize = FIRST.len() * SECOND.len();

/// `count` names of customers in alphabetical order, all different, up to [`MOST`] of them. As long as there are enough,
/// no two begin with the same word: people tell them apart by it.
pub(super) fn tenants(random: &mut Random, count: usize) -> Vec<String> {
    let mut names = BTreeSet::new();
    while names.len() < count.min(MOST) {
        let mut first = FIRST;
        shuffle(random, &mut first);
        let round = first.iter().filter_map(|first| {
            let fresh: Vec<String> = SECOND
                .iter()
                .map(|second| format!("{first}-{second}"))
                .filter(|name| !names.contains(name))
                .collect();
            random.pick(&fresh).cloned()
        });
        let missing = count.min(MOST) - names.len();
        let round: Vec<String> = round.take(missing).collect();
        names.extend(round);
    }
    names.into_iter().collect()
}

/// Fisher and Yates' method.
fn shuffle(random: &mut Random, words: &mut [&str]) {
    for last in (1..words.len()).rev() {
        let other = random.below(last as u64 + 1);
        words.swap(last, usize::try_from(other).unwrap_or(last));
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, tenants};
    use sandbox::Random;
    use std::collections::BTreeSet;

    #[test]
    fn the_same_seed_gives_the_same_names_and_another_one_others() {
        let names = |seed| tenants(&mut Random::new(seed), 12);
        assert_eq!(names(1), names(1));
        assert_ne!(names(1), names(2));
        assert!(names(1).is_sorted());
    }

    #[test]
    fn there_are_as_many_as_wanted_and_they_differ_first_in_their_first_word() {
        for count in [1, 40, 41, 500, MOST] {
            let names = tenants(&mut Random::new(7), count);
            let different: BTreeSet<&String> = names.iter().collect();
            assert_eq!((names.len(), different.len()), (count, count));
            let words: BTreeSet<&str> =
                names.iter().filter_map(|name| name.split_once('-')).map(|(first, _)| first).collect();
            assert_eq!(words.len(), count.min(40), "{names:?}");
        }
    }
}

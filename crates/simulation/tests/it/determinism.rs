//! A seed is played again exactly.

use simulation::{Options, simulate};

#[test]
fn a_seed_replays_exactly() {
    let options = Options { trace: true, ..Options::default() };
    for seed in [3, 17, 40, 71] {
        let (first, second) = (simulate(seed, &options).unwrap(), simulate(seed, &options).unwrap());
        let differs = first.trace.iter().zip(&second.trace).find(|(first, second)| first != second);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!((first.hash, first.lines), (second.hash, second.lines), "seed {seed}");
    }
}

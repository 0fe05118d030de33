//! The suite that every engine must pass, on a journal in memory and on one in a file.

use crate::harness::{SqliteHarness, simulate};
use durable::conformance::scenarios;

macro_rules! in_memory {
    ($($scenario:ident),* $(,)?) => {
        mod memory {
            use super::{SqliteHarness, scenarios, simulate};
            $(
                #[test]
                fn $scenario() {
                    simulate(scenarios::$scenario(&mut SqliteHarness::in_memory()));
                }
            )*
        }
    };
}
durable::for_each_scenario!(in_memory);

macro_rules! in_a_file {
    ($($scenario:ident),* $(,)?) => {
        mod file {
            use super::{SqliteHarness, scenarios, simulate};
            $(
                #[test]
                fn $scenario() {
                    simulate(scenarios::$scenario(&mut SqliteHarness::in_a_file()));
                }
            )*
        }
    };
}
durable::for_each_scenario!(in_a_file);

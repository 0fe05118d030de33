//! The workflows on a real engine, in memory and in simulated time, over a fleet whose steps are scripted.

mod cleanup;
mod faults;
mod fleet;
mod release;
mod stop;

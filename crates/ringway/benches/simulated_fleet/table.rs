//! What a person reads.

use crate::{
    figures::Run,
    lines::{lags, usage},
    program::{Measured, Restart},
};

pub(crate) fn head(tenants: usize, operations: usize, bare: &Run) {
    println!("\n{tenants} tenants, {operations} operations of Argo CD at once");
    println!("  bare patch and watch, s       {:.2}", bare.wall.as_secs_f64());
}

pub(crate) fn measured(what: &str, limit: usize, bare: &Run, measured: &Measured) {
    let Measured { run, sandbox_cpu, late } = measured;
    let (wall, ideal) = (run.wall.as_secs_f64(), bare.wall.as_secs_f64());
    println!(" {what}, {limit} at once");
    println!("  ringway, s                    {wall:.2}, {:.3} of the bare release", wall / ideal);
    lags(run);
    usage(run);
    println!("  CPU of the sandbox, s         {:.2}", sandbox_cpu.as_secs_f64());
    let [half, most, last] = late;
    println!("  the sandbox's own delay, ms   p50 {half:.1}, p99 {most:.1}, largest {last:.1}");
}

pub(crate) fn restart(restart: &Restart) {
    println!(" killed with {} in flight", restart.in_flight);
    println!("  all driven again, s           {:.2}", restart.driven.as_secs_f64());
    println!("  from then to the end, s       {:.2}", restart.ended.as_secs_f64());
    lags(&restart.run);
    usage(&restart.run);
}

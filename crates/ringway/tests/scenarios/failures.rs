//! What goes wrong in a tenant, and what Ringway says about it.

mod alone;
mod operation;
mod override_lost;
mod pods;
mod repair_trap;
mod workloads;

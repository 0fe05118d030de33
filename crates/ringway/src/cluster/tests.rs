//! The API server of these tests is a script; time is tokio's, paused.

mod applications;
mod clusters;
mod errors;
mod rollout;
mod scripted;
mod watch;

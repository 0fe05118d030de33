//! Ringway ends in the middle, in every way there is, and what was begun goes on or is taken back.

mod alone;
mod interrupted;
mod killed;
mod state;

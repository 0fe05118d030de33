//! applied.

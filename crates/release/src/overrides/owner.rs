//! owner.

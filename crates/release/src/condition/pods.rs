//! pods.

//! undo.

//! HTTP around the model, for programs that want a real connection.

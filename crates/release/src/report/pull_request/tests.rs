//! What people read in a pull request, as snapshots.

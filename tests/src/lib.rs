//! Stories, vectors and foreign peers across the rooms.

pub mod vectors;

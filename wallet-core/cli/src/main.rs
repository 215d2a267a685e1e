//! inro-wallet: see `inro-wallet --help`.

fn main() {}

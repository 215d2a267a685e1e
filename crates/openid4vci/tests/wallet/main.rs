//! The wallet's states against the issuer's checks, without a network.

#[cfg(test)]
mod flow;
#[cfg(test)]
mod support;

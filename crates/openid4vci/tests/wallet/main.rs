//! The wallet's states against the issuer's checks, without a network.

#[cfg(test)]
mod deferred;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod flow;
#[cfg(test)]
mod refresh;
#[cfg(test)]
mod sealed;
#[cfg(test)]
mod states;
#[cfg(test)]
mod support;
#[cfg(test)]
mod wire;

//! The issuer through its HTTP layer, in memory, with a clock of the tests' own.

#[cfg(test)]
mod attestation;
#[cfg(test)]
mod credential;
#[cfg(test)]
mod deferred;
#[cfg(test)]
mod encryption;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod identifiers;
#[cfg(test)]
mod issuance;
#[cfg(test)]
mod notification;
#[cfg(test)]
mod refill;
#[cfg(test)]
mod status;
#[cfg(test)]
mod support;
#[cfg(test)]
mod token;
#[cfg(test)]
mod waiting_wallet;

//! The issuer through its HTTP layer, in memory, with a clock of the tests' own.

#[cfg(test)]
mod credential;
#[cfg(test)]
mod issuance;
#[cfg(test)]
mod status;
#[cfg(test)]
mod support;
#[cfg(test)]
mod token;

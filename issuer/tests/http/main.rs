//! The issuer through its HTTP layer, in memory, with a clock of the tests' own.

mod credential;
mod issuance;
mod support;
mod token;

use std::collections::BTreeSet;
use std::mem;

use inro_base::{Rng, base64url};
use inro_crypto::{Provider, Signature, Signer};
use inro_jose::{Jwk, JwsToSign};
use inro_trust::{ClaimPath, PathElement};
use serde_json::{Map, Value, json};

use crate::SdJwtError;
use crate::disclosure;
use crate::frame::{MAX_DEPTH, MAX_DISCLOSURES};

/// The length of a salt, in bytes: 128 bits. Source: RFC 9901 §9.3.
const SALT: usize = 16;

/// What an SD-JWT is to say, and what of it its holder may keep to themselves.
#[derive(Clone, Debug)]
pub struct Issuance {
    /// The `typ` of the issuer-signed JWT.
    pub typ: String,
    /// The issuer's certificates (DER, leaf first); without any, the header has no `x5c`.
    pub x5c: Vec<Vec<u8>>,
    /// All claims.
    pub claims: Map<String, Value>,
    /// Which of them are selectively disclosable: members and array elements, at any depth, one in
    /// another too. A path that names nothing is left aside, so that a type's list serves every
    /// credential of it.
    pub disclosable: Vec<ClaimPath>,
    /// How many decoys stand among the digests of each object that has any.
    pub decoys_per_object: usize,
    /// The key that the credential is bound to.
    pub holder_key: Option<Jwk>,
}

/// An SD-JWT that waits for its issuer's signature.
#[derive(Debug)]
#[must_use]
pub struct Unsigned {
    jws: JwsToSign,
    disclosures: Vec<String>,
}

impl Issuance {
    /// Conceals what is selectively disclosable, with fresh salts, and lays out the JWT to sign.
    ///
    /// # Errors
    /// [`SdJwtError::Unissuable`] when the claims use a reserved name (`_sd`, `...`, `_sd_alg`) or
    /// give `cnf` beside a holder key; [`SdJwtError::TooDeep`] and [`SdJwtError::TooMany`] for what
    /// no reader would take.
    ///
    /// Source: RFC 9901 §4.2.
    pub fn build(self, rng: &mut dyn Rng, provider: &dyn Provider) -> Result<Unsigned, SdJwtError> {
        let mut claims = self.claims;
        check_names(&claims, MAX_DEPTH)?;
        let concealed: BTreeSet<ClaimPath> =
            self.disclosable.iter().flat_map(|path| path.locate(&claims)).collect();
        if concealed.len() > MAX_DISCLOSURES {
            return Err(SdJwtError::TooMany { count: concealed.len(), limit: MAX_DISCLOSURES });
        }
        let mut work = Conceal {
            concealed,
            decoys: self.decoys_per_object,
            disclosures: Vec::new(),
            path: Vec::new(),
            rng,
            provider,
        };
        work.object(&mut claims);
        let disclosures = work.disclosures;
        if let Some(jwk) = self.holder_key {
            let confirmation = json!({ "jwk": jwk.to_value() });
            if claims.insert("cnf".to_owned(), confirmation).is_some() {
                return Err(SdJwtError::Unissuable);
            }
        }
        if !disclosures.is_empty() {
            claims.insert("_sd_alg".to_owned(), Value::from("sha-256"));
        }
        Ok(Unsigned { jws: JwsToSign::new(header(self.typ, &self.x5c), &claims), disclosures })
    }
}

impl Unsigned {
    /// The bytes that the issuer's key signs with ES256.
    pub const fn signing_input(&self) -> &[u8] {
        self.jws.signing_input()
    }

    /// The SD-JWT with all its disclosures, as its holder receives it.
    pub fn finish(self, signature: &Signature) -> String {
        join(self.jws.finish(signature), &self.disclosures)
    }

    /// Signs with a key that is at hand.
    ///
    /// # Errors
    /// [`SdJwtError::Jose`] when the key cannot be used.
    pub fn sign_with(self, signer: &dyn Signer) -> Result<String, SdJwtError> {
        Ok(join(self.jws.sign_with(signer)?, &self.disclosures))
    }
}

fn header(typ: String, x5c: &[Vec<u8>]) -> Map<String, Value> {
    let mut header = Map::from_iter([("typ".to_owned(), Value::String(typ))]);
    if !x5c.is_empty() {
        let chain = x5c.iter().map(|der| Value::String(base64url::encode_standard(der))).collect();
        header.insert("x5c".to_owned(), Value::Array(chain));
    }
    header
}

fn join(jwt: String, disclosures: &[String]) -> String {
    let mut text = jwt;
    text.push('~');
    for disclosure in disclosures {
        text.push_str(disclosure);
        text.push('~');
    }
    text
}

/// Source: RFC 9901 §4.1: these names convey digests and nothing else.
fn check_names(object: &Map<String, Value>, left: usize) -> Result<(), SdJwtError> {
    let left = left.checked_sub(1).ok_or(SdJwtError::TooDeep { limit: MAX_DEPTH })?;
    if ["_sd", "...", "_sd_alg"].iter().any(|name| object.contains_key(*name)) {
        return Err(SdJwtError::Unissuable);
    }
    object.values().try_for_each(|value| check_value(value, left))
}

fn check_value(value: &Value, left: usize) -> Result<(), SdJwtError> {
    match value {
        Value::Object(object) => check_names(object, left),
        Value::Array(items) => {
            let left = left.checked_sub(1).ok_or(SdJwtError::TooDeep { limit: MAX_DEPTH })?;
            items.iter().try_for_each(|item| check_value(item, left))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// The walk that replaces concealed claims by digests, the innermost first.
struct Conceal<'a> {
    concealed: BTreeSet<ClaimPath>,
    decoys: usize,
    disclosures: Vec<String>,
    path: Vec<PathElement>,
    rng: &'a mut dyn Rng,
    provider: &'a dyn Provider,
}

impl Conceal<'_> {
    fn value(&mut self, value: &mut Value) {
        match value {
            Value::Object(object) => self.object(object),
            Value::Array(items) => self.array(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn object(&mut self, object: &mut Map<String, Value>) {
        let mut digests = Vec::new();
        for (name, mut value) in mem::take(object) {
            self.path.push(PathElement::Key(name.clone()));
            self.value(&mut value);
            if self.is_concealed() {
                let salt = self.rng.token::<SALT>();
                digests.push(self.disclose(disclosure::member(&salt, &name, &value)));
            } else {
                object.insert(name, value);
            }
            self.path.pop();
        }
        if digests.is_empty() {
            return;
        }
        for _ in 0..self.decoys {
            // A decoy is the digest of random text: nothing tells it from the others. §4.2.5.
            let random = self.rng.token::<32>();
            digests.push(disclosure::digest(&random, self.provider));
        }
        // Sorted by digest, which salts make random: the order says nothing of the claims. §4.2.4.1.
        digests.sort_unstable();
        object.insert("_sd".to_owned(), Value::from(digests));
    }

    fn array(&mut self, items: &mut [Value]) {
        for (index, item) in items.iter_mut().enumerate() {
            self.path.push(PathElement::Index(index));
            self.value(item);
            if self.is_concealed() {
                let salt = self.rng.token::<SALT>();
                let digest = self.disclose(disclosure::element(&salt, item));
                *item = json!({ "...": digest });
            }
            self.path.pop();
        }
    }

    fn is_concealed(&self) -> bool {
        self.concealed.contains(self.path.as_slice())
    }

    /// Keeps a disclosure for the holder and returns its digest.
    fn disclose(&mut self, text: String) -> String {
        let digest = disclosure::digest(&text, self.provider);
        self.disclosures.push(text);
        digest
    }
}

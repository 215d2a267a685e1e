//! What the wallet holds: employee cards of ten types in both formats, from as many agencies as it takes.

use inro_base::{Clock as _, Secret, base64url};
use inro_crypto::{RustCrypto, Signer as _, SoftwareKey};
use inro_jose::Jwk;
use inro_mdoc::MdocIssuance;
use inro_sd_jwt::{ClaimPath, VcIssuance};
use inro_wallet_cli::SystemRng;
use inro_wallet_core::{
    Assurance, ClaimLabel, CredentialId, CredentialRecord, Event, HistoryItem, KeyId, Localized, NewCopy,
    NewCredential, NewHistoryEntry, Outcome, Store, VaultStore,
};
use serde_json::{Map, Value, json};

use crate::device::{Still, run};
use crate::verifier::Verifier;

/// Credentials share so many types: a hundredth of 1,000 is of each type and format.
pub(crate) const TYPES: u32 = 50;
const COPIES: u32 = 10;
const NAMESPACE: &str = "jp.example.employee";
/// In one transaction; an issuer gives fewer.
const AT_ONCE: usize = 100;

/// Texts of both formats. Each credential is stored with copies of its format's text, which is read and checked
/// like any other; only issuing would tell them apart.
pub(crate) struct Holdings {
    size: u32,
    sd_jwt: Vec<String>,
    mdoc: Vec<String>,
    claims: Map<String, Value>,
}

/// The type with this number.
pub(crate) fn type_id(number: u32) -> String {
    format!("urn:inro:bench-card-{number}:1")
}

/// The key of a credential's copy.
pub(crate) fn key_of_copy(credential: u32, copy: u32) -> KeyId {
    KeyId(format!("key-of-{credential}-{copy}"))
}

impl Holdings {
    pub(crate) fn new(verifier: &Verifier, size: u32) -> Self {
        let claims = claims();
        let texts = |one: &dyn Fn(u32) -> String| (0..TYPES).map(one).collect();
        Self {
            size,
            sd_jwt: texts(&|number| sd_jwt(verifier, &type_id(number), &claims)),
            mdoc: texts(&|number| mdoc(verifier, &type_id(number), &claims)),
            claims,
        }
    }

    pub(crate) fn store(&self, store: &VaultStore) {
        let all: Vec<u32> = (0..self.size).collect();
        for some in all.chunks(AT_ONCE) {
            let credentials: Vec<_> = some.iter().map(|number| self.credential(*number)).collect();
            run(store.put_credentials(&credentials)).unwrap();
        }
    }

    fn credential(&self, number: u32) -> NewCredential {
        let type_number = number / 2 % TYPES;
        let at = usize::try_from(type_number).unwrap();
        let (format, text, claims) = match number % 2 {
            0 => ("dc+sd-jwt", &self.sd_jwt[at], self.claims.clone()),
            _ => {
                ("mso_mdoc", &self.mdoc[at], Map::from_iter([(NAMESPACE.into(), self.claims.clone().into())]))
            }
        };
        let now = Still.now();
        let name = |text: &str| Localized { en: text.into(), ja: "職員証".into() };
        let record = CredentialRecord {
            id: CredentialId(format!("credential-{number}")),
            vct: type_id(type_number),
            format: format.into(),
            name: name("Employee card"),
            issuer: format!("https://agency-{}.example", number / 2 / TYPES),
            issuer_name: name("Minato City"),
            always_visible: Vec::new(),
            labels: claims
                .keys()
                .map(|claim| ClaimLabel { path: ClaimPath::claim(claim), name: name(claim) })
                .collect(),
            claims,
            received_at: now,
            expires_at: Some(now.plus(86_400)),
            copies: 0,
            assurance: Assurance::NONE,
        };
        let entry = NewHistoryEntry {
            event: Event::Issued,
            at: now,
            counterpart: record.issuer_name.clone(),
            registered: true,
            items: vec![HistoryItem { vct: record.vct.clone(), claims: record.claim_names() }],
            outcome: Outcome::Done,
            receipt: None,
        };
        let copy = |copy| NewCopy {
            text: Secret::new(text.clone()),
            key: key_of_copy(number, copy),
            assurance: Assurance::NONE,
        };
        NewCredential { record, copies: (0..COPIES).map(copy).collect(), entry }
    }
}

fn claims() -> Map<String, Value> {
    let claims = json!({
        "employee_number": "E0001", "name_kanji": "港 太郎", "name_kana": "ミナト タロウ", "name_latin": "MINATO TARO",
        "agency": "みなと市", "agency_code": "13103", "department": "福祉課", "department_code": "0312",
        "post": "主任", "grade": "4", "employment": "regular", "valid_until": "2027-03-31",
    });
    claims.as_object().unwrap().clone()
}

fn sd_jwt(verifier: &Verifier, vct: &str, claims: &Map<String, Value>) -> String {
    let now = Still.now();
    let issuance = VcIssuance {
        vct: vct.into(),
        issued_at: Some(now),
        not_before: None,
        expires_at: Some(now.plus(86_400)),
        claims: claims.clone(),
        disclosable: claims.keys().map(|name| ClaimPath::claim(name)).collect(),
        decoys_per_object: 2,
        holder_key: Some(Jwk::from(SoftwareKey::generate(&mut SystemRng).public_key())),
        x5c: verifier.issuer().x5c.clone(),
    };
    issuance.build(&mut SystemRng, &RustCrypto).unwrap().sign_with(&verifier.issuer().key).unwrap()
}

fn mdoc(verifier: &Verifier, doc_type: &str, claims: &Map<String, Value>) -> String {
    let now = Still.now();
    let text = |value: &Value| inro_mdoc::Value::from(value.as_str().unwrap());
    let issuance = MdocIssuance {
        doc_type: doc_type.into(),
        namespaces: vec![(
            NAMESPACE.into(),
            claims.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        )],
        decoys_per_namespace: 2,
        signed_at: now,
        valid_from: now,
        valid_until: now.plus(86_400),
        expected_update: None,
        holder_key: SoftwareKey::generate(&mut SystemRng).public_key(),
        status: None,
        x5c: verifier.issuer().x5c.clone(),
    };
    let issued = issuance.build(&mut SystemRng, &RustCrypto).unwrap().sign_with(&verifier.issuer().key);
    base64url::encode(&issued.unwrap())
}

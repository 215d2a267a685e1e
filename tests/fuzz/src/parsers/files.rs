//! What an operator or a personnel department writes.

use std::io::Cursor;

use inro_credential::{CredentialType, RoleTable};
use inro_crypto::RustCrypto;
use inro_issuer::hr::{self, Encoding, HrError, Options};
use inro_issuer::secrets::ServerSecrets;
use inro_verifier_sdk::{BUILT_IN_POLICIES, Policy};
use serde_json::{Value, json};

use super::world::text;
use super::{Parser, Takes, shown};

pub(super) const PARSERS: &[Parser] = &[
    Parser {
        name: "type_file",
        drives: &["credential::CredentialType::parse"],
        read: |bytes| {
            let read = CredentialType::parse(text(bytes)?).ok()?;
            Some(json!([read.vct(), read.claims().len()]))
        },
        good: || include_bytes!("../../../../crates/credential/types/employee-id.toml").to_vec(),
        takes: Takes::Any,
    },
    Parser {
        name: "role_table",
        drives: &["credential::RoleTable::parse"],
        read: |bytes| shown(RoleTable::parse(text(bytes)?).ok()?),
        good: || include_bytes!("../../../../crates/credential/types/roles.toml").to_vec(),
        takes: Takes::Any,
    },
    Parser {
        name: "hr_file",
        drives: &["issuer::read::read", "issuer::Encoding::parse", "issuer::Employment::parse"],
        read: |bytes| {
            let (mut count, options) = (0_u64, Options { encoding: Encoding::Auto });
            let keep = |_| {
                count += 1;
                Ok::<_, HrError>(())
            };
            let report = hr::read(Cursor::new(bytes), options, &RoleTable::built_in(), keep).ok()?;
            assert_eq!(report.good, count);
            assert!(report.good <= report.rows);
            (report.good > 0).then(|| Value::from(count))
        },
        good: || include_bytes!("../../../../issuer/samples/hr.csv").to_vec(),
        takes: Takes::Any,
    },
    Parser {
        name: "policy_file",
        drives: &["verifier_sdk::Policy::parse"],
        read: |bytes| shown(Policy::parse("p", text(bytes)?).ok()?.name()),
        good: || BUILT_IN_POLICIES.first().map(|(_, text)| text.as_bytes().to_vec()).unwrap(),
        takes: Takes::Any,
    },
    Parser {
        name: "server_secret",
        drives: &["issuer::ServerSecrets::from_text"],
        read: |bytes| {
            ServerSecrets::from_text(text(bytes)?, &RustCrypto).ok()?;
            Some(true.into())
        },
        good: || inro_base::base64url::encode(&[7; 32]).into_bytes(),
        takes: Takes::Any,
    },
];

//! Every error code of the protocol's endpoints, with its status and one cause of it.

use std::collections::BTreeSet;

use inro_oauth::dpop::DpopError;
use inro_oauth::{ErrorCode, NonceError};
use inro_openid4vci::CredentialErrorCode;
use inro_openid4vci::attestation::AttestationError;
use inro_openid4vci::details::DetailsError;
use inro_openid4vci::issuer::{CredentialError, EncryptionError, NotificationError, TokenError};
use inro_openid4vci::proofs::ProofError;

/// Source: OpenID4VCI 1.0 §§8.3.1, 9.3, 11.3; RFC 6750 §3.1; RFC 9449 §§7.1, 9.
#[test]
fn each_refusal_has_the_protocols_name_and_status() {
    let foreign = NonceError::Foreign;
    let causes = [
        (CredentialError::Anonymous, 401, "invalid_token"),
        (CredentialError::NoToken, 401, "invalid_token"),
        (CredentialError::Token, 401, "invalid_token"),
        (CredentialError::Dpop(DpopError::NotOne), 401, "invalid_dpop_proof"),
        (CredentialError::Dpop(DpopError::NoNonce), 401, "use_dpop_nonce"),
        (CredentialError::DpopNonce(foreign), 401, "use_dpop_nonce"),
        (CredentialError::Malformed, 400, "invalid_credential_request"),
        (CredentialError::NotOne, 400, "invalid_credential_request"),
        (CredentialError::NotIdentifier, 400, "invalid_credential_request"),
        (CredentialError::NotOffered, 400, "unknown_credential_configuration"),
        (CredentialError::Identifier, 400, "unknown_credential_identifier"),
        (CredentialError::UnknownIdentifier, 400, "unknown_credential_identifier"),
        (CredentialError::Proof(ProofError::Missing), 400, "invalid_proof"),
        (CredentialError::Proof(ProofError::NoNonce), 400, "invalid_proof"),
        (CredentialError::Proof(AttestationError::Missing.into()), 400, "invalid_proof"),
        (CredentialError::ProofNonce(foreign), 400, "invalid_nonce"),
        (CredentialError::NonceUsed, 400, "invalid_nonce"),
        (CredentialError::Encryption(EncryptionError::PlainRequest), 400, "invalid_encryption_parameters"),
        (CredentialError::Encryption(EncryptionError::PlainReply), 400, "invalid_encryption_parameters"),
        (CredentialError::Encryption(EncryptionError::Compression), 400, "invalid_encryption_parameters"),
        (CredentialError::Transaction, 400, "invalid_transaction_id"),
    ];
    let mut named = BTreeSet::new();
    for (cause, status, name) in causes {
        let wire = cause.wire();
        assert_eq!((wire.status(), wire.as_str()), (status, name), "{cause}");
        named.insert(name);
    }
    for (cause, status, name) in [
        (NotificationError::Malformed, 400, "invalid_notification_request"),
        (NotificationError::Unknown, 400, "invalid_notification_id"),
        (NotificationError::Access(CredentialError::Token), 401, "invalid_token"),
    ] {
        assert_eq!((cause.wire().status(), cause.wire().as_str()), (status, name));
        named.insert(name);
    }
    // The agency's decision, which no check of the protocol makes.
    named.insert(CredentialErrorCode::CredentialRequestDenied.as_str());
    for code in CredentialErrorCode::ALL {
        assert!(named.contains(code.as_str()), "no cause of {}", code.as_str());
        assert_eq!(CredentialErrorCode::parse(code.as_str()), Some(code));
    }
}

/// Source: OpenID4VCI 1.0 §6.3; RFC 6749 §5.2; RFC 9396 §5; RFC 9449 §§5, 8.
#[test]
fn each_refusal_of_a_token_has_the_protocols_name_and_status() {
    for (cause, status, name) in [
        (TokenError::NoCode, 400, "invalid_request"),
        (TokenError::TxCodeAbsent, 400, "invalid_request"),
        (TokenError::TxCodeUnwanted, 400, "invalid_request"),
        (TokenError::Code, 400, "invalid_grant"),
        (TokenError::TxCodeWrong { left: 1 }, 400, "invalid_grant"),
        (TokenError::Dead, 400, "invalid_grant"),
        (TokenError::Grant, 400, "unsupported_grant_type"),
        (TokenError::Details(DetailsError::NotOffered), 400, "invalid_authorization_details"),
        (TokenError::Dpop(DpopError::NotOne), 400, "invalid_dpop_proof"),
        (TokenError::Dpop(DpopError::NoNonce), 400, "use_dpop_nonce"),
        (TokenError::Nonce(NonceError::Foreign), 400, "use_dpop_nonce"),
    ] {
        let code = cause.oauth_code();
        assert_eq!((code.token_endpoint_status(), code.as_str()), (status, name), "{cause}");
    }
    for code in ErrorCode::ALL {
        assert_eq!(ErrorCode::parse(code.as_str()), Some(code));
    }
}

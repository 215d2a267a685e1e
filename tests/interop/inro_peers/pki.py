"""Certificates: the foreign authorities of the tests, and the check of an `x5c` chain up to an anchor.

Sources: RFC 5280 §4 and §6.1 (fields and path validation), RFC 7515 §4.1.6 (`x5c`).
The extended key usages and the extension with credential types are the ecosystem's agreement (an arc under 2.25).
"""

from __future__ import annotations

import base64
import datetime
import ipaddress
import itertools
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .jose import JoseError, JsonObject, PrivateKey, PublicKey, new_key, sha256_b64url

ARC = "2.25.1864211774"
EKU_CREDENTIAL_ISSUER = x509.ObjectIdentifier(f"{ARC}.1")
EKU_VERIFIER = x509.ObjectIdentifier(f"{ARC}.2")
EKU_REGISTRAR = x509.ObjectIdentifier(f"{ARC}.3")
EKU_WALLET_PROVIDER = x509.ObjectIdentifier(f"{ARC}.4")
CREDENTIAL_TYPES = x509.ObjectIdentifier(f"{ARC}.10")

VALIDITY = datetime.timedelta(days=30)
CLOCK_SKEW = datetime.timedelta(minutes=5)
_DER_SEQUENCE = 0x30
_DER_UTF8_STRING = 0x0C


class TrustError(Exception):
    """A certificate chain that leads to no anchor, or not for this use."""


@dataclass(frozen=True)
class Identity:
    """A leaf certificate with its private key and the `x5c` value that carries it (no anchor inside)."""

    key: PrivateKey
    certificate: x509.Certificate

    @property
    def x5c(self) -> list[str]:
        """The header value: standard base64 of the DER, leaf first. Source: RFC 7515 §4.1.6."""
        return [base64.b64encode(self.der).decode("ascii")]

    @property
    def der(self) -> bytes:
        """The leaf's DER."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def leaf_sha256(self) -> str:
        """The base64url SHA-256 of the leaf's DER, as `x509_hash` uses it."""
        return sha256_b64url(self.der)

    def write(self, certificate_file: Path, key_file: Path) -> None:
        """Writes both as PEM."""
        certificate_file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


@dataclass(frozen=True)
class Authority:
    """A certification authority of the tests' own."""

    key: PrivateKey
    certificate: x509.Certificate

    @classmethod
    def create(cls, name: str, path_length: int = 0) -> Authority:
        """Makes a self-signed authority that may sign leaves, and as many authorities in a row as `path_length`."""
        key = new_key()
        certificate = (
            _builder(name, name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
            .add_extension(_key_usage(certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(key, certificate)

    def subordinate(self, name: str) -> Authority:
        """Makes an authority under this one that may sign leaves only."""
        key = new_key()
        issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        certificate = (
            _builder(name, self.certificate.subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(certificates=True), critical=True)
            .add_extension(issuer_key, critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return Authority(key, certificate)

    def issue(
        self,
        name: str,
        usage: x509.ObjectIdentifier,
        *,
        dns_names: tuple[str, ...] = (),
        credential_types: tuple[str, ...] = (),
    ) -> Identity:
        """Issues a leaf for one usage; an issuer's leaf lists the credential types that it may issue."""
        key = new_key()
        builder = self._leaf(name, key.public_key(), usage)
        if dns_names:
            names = x509.SubjectAlternativeName([x509.DNSName(name) for name in dns_names])
            builder = builder.add_extension(names, critical=False)
        if credential_types:
            extension = x509.UnrecognizedExtension(CREDENTIAL_TYPES, _encode_strings(credential_types))
            builder = builder.add_extension(extension, critical=False)
        return Identity(key, builder.sign(self.key, hashes.SHA256()))

    def issue_tls(self) -> Identity:
        """Issues a TLS server certificate for this machine's own names."""
        key = new_key()
        names = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        )
        builder = self._leaf("localhost", key.public_key(), ExtendedKeyUsageOID.SERVER_AUTH)
        return Identity(key, builder.add_extension(names, critical=False).sign(self.key, hashes.SHA256()))

    def write(self, file: Path) -> Path:
        """Writes the authority's certificate as PEM."""
        file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return file

    def _leaf(self, name: str, key: PublicKey, usage: x509.ObjectIdentifier) -> x509.CertificateBuilder:
        issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return (
            _builder(name, self.certificate.subject, key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(issuer_key, critical=False)
        )


def load_anchors(*files: Path) -> list[x509.Certificate]:
    """Reads PEM files of anchors."""
    return [certificate for file in files for certificate in x509.load_pem_x509_certificates(file.read_bytes())]


def chain_from_header(header: JsonObject) -> list[x509.Certificate]:
    """The certificates of a JOSE header's `x5c`, leaf first. Source: RFC 7515 §4.1.6."""
    values = header.get("x5c")
    if not isinstance(values, list) or not values:
        raise JoseError("no x5c in the header")
    return [x509.load_der_x509_certificate(base64.b64decode(value, validate=True)) for value in values]


def trusted_leaf(
    chain: list[x509.Certificate], anchors: list[x509.Certificate], usage: x509.ObjectIdentifier
) -> x509.Certificate:
    """Follows the chain to an anchor and checks the leaf's usage; returns the leaf. Source: RFC 5280 §6.1.

    Raises `TrustError` when no anchor signed the chain's end or a certificate may not be used for this.
    """
    now = datetime.datetime.now(datetime.UTC)
    for child, parent in itertools.pairwise(chain):
        _check_issued(child, parent)
    anchor = next((anchor for anchor in anchors if _is_issued(chain[-1], anchor)), None)
    if anchor is None:
        raise TrustError("the chain leads to no anchor")
    for certificate in [*chain, anchor]:
        earliest, latest = certificate.not_valid_before_utc - CLOCK_SKEW, certificate.not_valid_after_utc
        if not earliest <= now <= latest:
            raise TrustError("a certificate outside its time")
    leaf = chain[0]
    try:
        usages = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound as error:
        raise TrustError("a leaf without extended key usage") from error
    if usage not in usages:
        raise TrustError("a leaf for another use")
    return leaf


def leaf_key(leaf: x509.Certificate) -> PublicKey:
    """The leaf's P-256 key."""
    key = leaf.public_key()
    if not isinstance(key, PublicKey) or key.curve.name != "secp256r1":
        raise TrustError("a leaf whose key is not on P-256")
    return key


def credential_types(leaf: x509.Certificate) -> list[str]:
    """The credential type ids that an issuer's leaf may issue; none if it does not say."""
    try:
        extension = leaf.extensions.get_extension_for_oid(CREDENTIAL_TYPES).value
    except x509.ExtensionNotFound:
        return []
    assert isinstance(extension, x509.UnrecognizedExtension), "an extension that cryptography does not know"
    return _decode_strings(extension.value)


def dns_names(leaf: x509.Certificate) -> list[str]:
    """The leaf's dNSName entries."""
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.DNSName)


def authority_key_ids(chain: list[x509.Certificate]) -> list[bytes]:
    """The key identifiers in the AuthorityKeyIdentifier of each certificate. Source: RFC 5280 §4.2.1.1."""
    found = []
    for certificate in chain:
        try:
            value = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        except x509.ExtensionNotFound:
            continue
        if value.key_identifier is not None:
            found.append(value.key_identifier)
    return found


def subject_key_id(certificate: x509.Certificate) -> bytes:
    """The certificate's own key identifier. Source: RFC 5280 §4.2.1.2."""
    return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def _builder(name: str, issuer: str | x509.Name, key: PublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer) if isinstance(issuer, str) else issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + VALIDITY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        key_cert_sign=certificates,
        crl_sign=certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _check_issued(child: x509.Certificate, parent: x509.Certificate) -> None:
    if not _is_issued(child, parent):
        raise TrustError("a certificate that its successor did not issue")


def _is_issued(child: x509.Certificate, parent: x509.Certificate) -> bool:
    try:
        constraints = parent.extensions.get_extension_for_class(x509.BasicConstraints).value
        child.verify_directly_issued_by(parent)
    except (x509.ExtensionNotFound, InvalidSignature, ValueError, TypeError):
        return False
    return constraints.ca


def _encode_strings(values: tuple[str, ...]) -> bytes:
    """DER of SEQUENCE OF UTF8String, for contents short enough for one length byte."""
    items = b"".join(bytes([_DER_UTF8_STRING, len(value.encode())]) + value.encode() for value in values)
    assert len(items) < 0x80, "a short form length"
    return bytes([_DER_SEQUENCE, len(items)]) + items


def _decode_strings(der: bytes) -> list[str]:
    """The inverse of `_encode_strings`; anything else is a `TrustError`."""
    if len(der) < 2 or der[0] != _DER_SEQUENCE or der[1] != len(der) - 2 or der[1] >= 0x80:
        raise TrustError("not a short SEQUENCE")
    values, rest = [], der[2:]
    while rest:
        if len(rest) < 2 or rest[0] != _DER_UTF8_STRING or rest[1] > len(rest) - 2:
            raise TrustError("not a UTF8String")
        values.append(rest[2 : 2 + rest[1]].decode("utf-8"))
        rest = rest[2 + rest[1] :]
    return values

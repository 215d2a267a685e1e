"""The foreign SD-JWT room against the vectors of RFC 9901's reference implementation, read where they are kept."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from inro_peers import jwe
from inro_peers.jose import PublicKey, b64url, key_from_jwk
from inro_peers.sdjwt import SdJwt, SdJwtError

VECTORS = Path(os.environ.get("INRO_VECTORS") or Path(__file__).resolve().parents[3] / "shared/vectors") / "sd-jwt"
# Claims that the vectors' generator adds to what the issuer was asked to say.
ADDED = {"iss", "iat", "exp", "cnf"}

pytestmark = pytest.mark.skipif(not VECTORS.is_dir(), reason=f"no vectors in {VECTORS}; set INRO_VECTORS")
CASES = sorted(path.parent for path in VECTORS.glob("*/sd_jwt_issuance.txt"))


def _issuer_key() -> PublicKey:
    """Reads the issuer's public key from the settings; two scalars need no YAML parser."""
    section = (VECTORS / "settings.yml").read_text().split("issuer_key:")[1]
    coordinates = {name: found[1] for name in "xy" if (found := re.search(rf"\b{name}: (\S+)", section))}
    return key_from_jwk({"kty": "EC", "crv": "P-256", **coordinates})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_issued_vector_holds_what_its_issuer_said(case: Path) -> None:
    sd_jwt = SdJwt.parse((case / "sd_jwt_issuance.txt").read_text().strip())
    claims = sd_jwt.verify_issuer(_issuer_key()).claims
    said = json.loads((case / "user_claims.json").read_text())
    assert {name: value for name, value in claims.items() if name not in ADDED - set(said)} == said


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_presented_vector_shows_what_its_verifier_saw(case: Path) -> None:
    sd_jwt = SdJwt.parse((case / "sd_jwt_presentation.txt").read_text().strip())
    claims = sd_jwt.verify_issuer(_issuer_key()).claims
    assert claims == json.loads((case / "verified_contents.json").read_text())

    binding_file = case / "kb_jwt_payload.json"
    assert binding_file.exists() == (sd_jwt.key_binding is not None)
    if binding_file.exists():
        said = json.loads(binding_file.read_text())
        sd_jwt.verify_key_binding(claims, audience=said["aud"], nonce=said["nonce"], now=said["iat"])
        with pytest.raises(SdJwtError, match="another transaction"):
            sd_jwt.verify_key_binding(claims, audience=said["aud"], nonce="another", now=said["iat"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_forged_disclosure_of_a_vector_is_refused(case: Path) -> None:
    sd_jwt = SdJwt.parse((case / "sd_jwt_issuance.txt").read_text().strip())
    assert sd_jwt.verify_issuer(_issuer_key())
    with pytest.raises(SdJwtError, match="no digest refers to"):
        sd_jwt.forging("forged").verify_issuer(_issuer_key())


def test_derives_the_key_of_rfc_7518() -> None:
    """Source: RFC 7518 appendix C (shared secret, parties and the key that comes of them)."""
    secret = bytes(
        [158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156]
        + [251, 49, 110, 163, 218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196]
    )
    assert b64url(jwe.derive_key(secret, "A128GCM", b"Alice", b"Bob")) == "VqqN6vgjbSBcIijNcacQGg"

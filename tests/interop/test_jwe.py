"""The foreign JWE room on its own: the published vectors, a round trip, and what it must not open."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from inro_peers import jwe
from inro_peers.jose import JoseError, JsonObject, PrivateKey, b64url, b64url_decode, key_from_jwk, new_key, public_jwk

PAYLOAD: JsonObject = {"vp_token": {"a": ["x~"]}, "state": "状態"}

# RFC 7518 Appendix C: Alice's ephemeral key, Bob's key, and what they agree on.
ALICE = {
    "x": "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
    "y": "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
    "d": "0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo",
}
BOB = {
    "x": "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
    "y": "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
    "d": "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw",
}
AGREED = "VqqN6vgjbSBcIijNcacQGg"

# The example of OpenID4VP §8.3 with the key that it publishes.
EXAMPLE = (
    "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTEyOEdDTSIsImtpZCI6ImFjIiwiZXBrIjp7Imt"
    "0eSI6IkVDIiwieCI6Im5ubVZwbTNWM2piaGNhZlFhUkJrU1ZOSGx3Wkh3dC05ck9wSnVmeVlJdWsiLCJ5I"
    "joicjRmakRxd0p5czlxVU9QLV9iM21SNVNaRy0tQ3dPMm1pYzVWU05UWU45ZyIsImNydiI6IlAtMjU2In1"
    "9..uAYcHRUSSn2X0WPX.yVzlGSYG4qbg0bq18JcUiDRw56yVnbKR8E7S7YlEtzT00RqE3Pw5oTpUG3hdLN"
    "4taHZ9gC1kwak8JOnJgQ.1wR024_3-qtAlx1oFIUpQQ"
)
EXAMPLE_KEY = "Et-3ce0omz8_TuZ96Df9lp0GAaaDoUnDe6X-CRO7Aww"


def _private(d: str) -> PrivateKey:
    return ec.derive_private_key(int.from_bytes(b64url_decode(d), "big"), ec.SECP256R1())


@pytest.mark.parametrize(("mine", "theirs"), [(ALICE, BOB), (BOB, ALICE)], ids=["sender", "recipient"])
def test_agrees_on_the_key_of_rfc_7518_appendix_c(mine: dict[str, str], theirs: dict[str, str]) -> None:
    public = key_from_jwk({"kty": "EC", "crv": "P-256", "x": theirs["x"], "y": theirs["y"]})
    key = _private(mine["d"])
    assert public_jwk(key)["x"] == mine["x"]
    assert b64url(jwe.derive_key(key.exchange(ec.ECDH(), public), "A128GCM", b"Alice", b"Bob")) == AGREED


def test_opens_the_example_of_openid4vp() -> None:
    opened = jwe.decrypt(EXAMPLE, jwe.Recipient(_private(EXAMPLE_KEY), "ac"))
    assert opened.payload == {"vp_token": {"example_credential_id": ["eyJhb...YMetA"]}}


@pytest.mark.parametrize("enc", ["A128GCM", "A256GCM"])
def test_opens_what_it_encrypts(enc: str) -> None:
    recipient = jwe.Recipient.create()
    first, second = (jwe.encrypt(PAYLOAD, recipient.jwk, enc) for _ in range(2))
    opened = jwe.decrypt(first, recipient, [enc])
    assert opened.payload == PAYLOAD
    assert (opened.header["alg"], opened.header["enc"], opened.header["kid"]) == ("ECDH-ES", enc, recipient.kid)
    assert opened.header["epk"] != jwe.decrypt(second, recipient).header["epk"], "an ephemeral key for each message"


def test_parties_are_part_of_the_key() -> None:
    """The parties are named, but the key was made without them. Source: RFC 7518 §4.6.1.2 and §4.6.1.3."""
    recipient = jwe.Recipient.create()
    assert jwe.decrypt(jwe.encrypt(PAYLOAD, recipient.jwk, "A128GCM", {"apu": "", "apv": ""}), recipient)
    for header in ({"apu": "QWxpY2U"}, {"apv": "Qm9i"}):
        with pytest.raises(JoseError, match="does not open"):
            jwe.decrypt(jwe.encrypt(PAYLOAD, recipient.jwk, "A128GCM", header), recipient)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "dir"},
        {"alg": "ECDH-ES+A128KW"},
        {"alg": None},
        {"enc": "A192GCM"},
        {"enc": "A256GCM"},
        {"enc": None},
        {"enc": ["A128GCM"]},
        {"kid": "another"},
        {"kid": None},
        {"zip": "DEF"},
        {"crit": ["exp"], "exp": 1},
        {"epk": None},
        {"epk": {"kty": "EC", "crv": "P-256", "x": BOB["x"], "y": ALICE["y"]}},
        {"epk": {"kty": "EC", "crv": "P-256", **ALICE}},
        {"epk": {"kty": "OKP", "crv": "X25519", "x": ALICE["x"]}},
        {"apu": 1},
        {"apv": "stray bits!"},
    ],
    ids=[
        *("alg", "wrapping", "no alg", "unknown enc", "enc not offered", "no enc", "enc list", "kid", "no kid", "zip"),
        *("crit", "no epk", "epk off the curve", "private epk", "epk of another curve", "apu", "apv"),
    ],
)
def test_opens_nothing_under_a_wrong_header(header: JsonObject) -> None:
    recipient = jwe.Recipient.create()
    assert jwe.decrypt(jwe.encrypt(PAYLOAD, recipient.jwk, "A128GCM"), recipient, ["A128GCM"])
    with pytest.raises(JoseError):
        jwe.decrypt(jwe.encrypt(PAYLOAD, recipient.jwk, "A128GCM", header), recipient, ["A128GCM"])


@pytest.mark.parametrize("part", range(5))
def test_opens_nothing_that_was_altered(part: int) -> None:
    recipient = jwe.Recipient.create()
    parts = jwe.encrypt(PAYLOAD, recipient.jwk, "A128GCM").split(".")
    first = "B" if parts[part].startswith("A") else "A"
    altered = ".".join([*parts[:part], (first + parts[part][1:]) if parts[part] else "AAAA", *parts[part + 1 :]])
    with pytest.raises(JoseError):
        jwe.decrypt(altered, recipient)


def test_opens_nothing_of_another_length_or_for_another_key() -> None:
    recipient = jwe.Recipient.create()
    text = jwe.encrypt(PAYLOAD, recipient.jwk, "A128GCM")
    header, _, iv, ciphertext, tag = text.split(".")
    short_tag = f"{header}..{iv}.{ciphertext}.{b64url(b64url_decode(tag)[:12])}"
    long_iv = f"{header}..{b64url(b64url_decode(iv) + bytes(4))}.{ciphertext}.{tag}"
    for wrong in (short_tag, long_iv, text.rpartition(".")[0], text + ".", ""):
        with pytest.raises(JoseError):
            jwe.decrypt(wrong, recipient)
    with pytest.raises(JoseError, match="does not open"):
        jwe.decrypt(text, jwe.Recipient(new_key(), recipient.kid))

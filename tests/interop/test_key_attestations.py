"""A foreign wallet whose provider attests its keys, towards an issuer of Inro's that asks for that.

Source: OpenID4VCI 1.0 Appendix D (attestations), F.1 and F.3 (how they come along), F.4 and §8.3.1.2 (errors).
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from conftest import APPROVER, hr_file
from expectations import refused
from inro_peers import mdoc
from inro_peers.jose import JsonObject, Jws, PrivateKey, b64url, json_bytes, new_key, public_jwk, sign_jws, thumbprint
from inro_peers.key_attestation import HIGH, MODERATE, WalletProvider
from inro_peers.pki import EKU_CREDENTIAL_ISSUER, EKU_WALLET_PROVIDER, Authority, Identity
from inro_peers.processes import Binaries, InroIssuer
from inro_peers.sdjwt_vc import FORMAT as SD_JWT
from inro_peers.transport import JSON, HttpsClient, Reply
from inro_peers.wallet_issuance import PROOF_TYP, IssuanceWallet
from products import EMPLOYEE_CONFIGURATION, EMPLOYEE_TYPE, ROLE_CONFIGURATION, ROLE_TYPE

KEYS = 3
# Seconds within which what was approved has to come. A bound, not an expectation.
LIMIT = 60
FAR_FUTURE = 32_503_680_000
DEMAND = f"""
[attestation.{EMPLOYEE_TYPE}]
key_storage = ["{HIGH}"]
user_authentication = []
"""


@pytest.fixture(scope="module")
def provider() -> WalletProvider:
    """The wallet provider that the issuer trusts."""
    return WalletProvider.create("Foreign Wallets")


@pytest.fixture(scope="module")
def roomy() -> Authority:
    """Another one that the issuer trusts, and that may have an authority beneath it."""
    return Authority.create("Roomy Wallets CA", path_length=1)


@pytest.fixture(scope="module")
def demanding(
    binaries: Binaries, provider: WalletProvider, roomy: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InroIssuer]:
    """An issuer that gives employee ids to attested keys alone."""
    folder = tmp_path_factory.mktemp("attesting")
    service = InroIssuer(binaries, folder / "agency")
    with (service.folder / "config.toml").open("a", encoding="utf-8") as config:
        config.write(DEMAND)
    pems = [authority.write(folder / "anchor.pem").read_bytes() for authority in (provider.authority, roomy)]
    (service.folder / "trust/wallet-providers.pem").write_bytes(b"".join(pems))
    service.import_employees(hr_file(folder / "employees.csv"))
    service.start()
    yield service
    service.stop()


@dataclass(frozen=True)
class Case:
    """A redeemed offer, a fresh nonce, and keys that the provider attests."""

    wallet: IssuanceWallet
    metadata: JsonObject
    token: JsonObject
    provider: WalletProvider
    nonce: str
    keys: tuple[PrivateKey, ...]

    def attest(self, **changes: Any) -> str:
        """The right attestation, but for `changes`."""
        return self.provider.attest(self.keys, **({"nonce": self.nonce} | changes))

    def proof(self, attestation: str | None, key: PrivateKey | None = None, **header: Any) -> str:
        """A proof by the first key, with an attestation in its header."""
        jose = {"key_attestation": attestation, **header}
        audience = self.metadata["credential_issuer"]
        return self.wallet.proof(key or self.keys[0], audience, self.nonce, header=jose)

    def request(self, proofs: Any, configuration: str = EMPLOYEE_CONFIGURATION) -> Reply:
        """Asks for the credential with these proofs."""
        request = {"credential_configuration_id": configuration, "proofs": proofs}
        request = {name: value for name, value in request.items() if value is not None}
        return self.wallet.credential_request(self.metadata, self.token, request)

    def send(self, attestation: str, how: str) -> Reply:
        """Sends an attestation alone, or beside a proof of possession."""
        if how == ALONE:
            return self.request({"attestation": [attestation]})
        return self.request({"jwt": [self.proof(attestation)]})

    def fresh(self) -> Case:
        """The same with a nonce that nothing has used."""
        nonce = self.wallet.nonce(self.metadata)
        assert nonce is not None
        return replace(self, nonce=nonce)

    def assert_issues(self, reply: Reply, *keys: PrivateKey) -> None:
        """There is one credential for each of `keys`."""
        assert reply.status == 200, reply.text
        copies = [self.wallet.verify(entry["credential"]).claims for entry in reply.json()["credentials"]]
        bound = [thumbprint(claims["cnf"]["jwk"]) for claims in copies]
        assert sorted(bound) == sorted(thumbprint(public_jwk(key)) for key in keys)


ALONE, BESIDE = "attestation", "jwt"
HOW = pytest.mark.parametrize("how", [ALONE, BESIDE])
Begin = Callable[..., Case]


@pytest.fixture
def begin(demanding: InroIssuer, provider: WalletProvider) -> Begin:
    """Redeems an offer with a wallet of its own."""

    def start(*more: str, form: str = SD_JWT) -> Case:
        """`more` are types, the employee id where there is none, and flags of the offer."""
        types = [one for one in more if not one.startswith("-")] or [EMPLOYEE_TYPE]
        wanted = [part for name in types for part in ("--credential", name)]
        flags = [one for one in more if one.startswith("-")]
        arguments = ("--employee", APPROVER, *wanted, "--format", form, *flags, "--json")
        created = demanding.command("offer", "create", *arguments).json()
        wallet = IssuanceWallet(HttpsClient(demanding.tls_ca), demanding.anchors)
        _, metadata, token = wallet.authorize(created["credential_offer"])
        nonce = wallet.nonce(metadata)
        assert nonce is not None
        return Case(wallet, metadata, token, provider, nonce, tuple(new_key() for _ in range(KEYS)))

    return start


def test_metadata_say_that_attestations_are_asked_for(begin: Begin) -> None:
    """Source: OpenID4VCI §12.2.4 (`key_attestations_required`; absent where none is asked for)."""
    configurations = begin().metadata["credential_configurations_supported"]
    asked = configurations[EMPLOYEE_CONFIGURATION]["proof_types_supported"]
    for proof_type in (ALONE, BESIDE):
        assert asked[proof_type]["key_attestations_required"] == {"key_storage": [HIGH]}
        assert asked[proof_type]["proof_signing_alg_values_supported"] == ["ES256"]
    assert "key_attestations_required" not in configurations[ROLE_CONFIGURATION]["proof_types_supported"][BESIDE]


@HOW
def test_every_attested_key_gets_a_credential(begin: Begin, how: str) -> None:
    """Source: OpenID4VCI F.1 and F.3 (a credential for each attested key)."""
    case = begin()
    case.assert_issues(case.send(case.attest(), how), *case.keys)


@HOW
def test_an_mdoc_is_bound_to_an_attested_key_too(begin: Begin, how: str) -> None:
    """The demand is for the credential type, whatever its format."""
    case = begin(EMPLOYEE_TYPE, form=mdoc.FORMAT)
    configuration = f"{EMPLOYEE_TYPE}.{mdoc.FORMAT}"
    refused(case.request({"jwt": [case.proof(None)]}, configuration), 400, "invalid_proof")
    case = case.fresh()
    attestation = case.attest()
    proofs = {ALONE: [attestation]} if how == ALONE else {BESIDE: [case.proof(attestation)]}
    reply = case.request(proofs, configuration)
    assert reply.status == 200, reply.text
    texts = [entry["credential"] for entry in reply.json()["credentials"]]
    verified = [mdoc.verify_credential(text, case.wallet.anchors, int(time.time())) for text in texts]
    bound = sorted(thumbprint(public_jwk(one.device_key)) for one in verified)
    assert bound == sorted(thumbprint(public_jwk(key)) for key in case.keys)


def test_attested_keys_wait_for_an_approval(begin: Begin, demanding: InroIssuer) -> None:
    """What is collected is bound to the keys of the request. Source: OpenID4VCI §8.3 and §9."""
    case = begin("--needs-approval")
    put_off = case.send(case.attest(), ALONE)
    assert put_off.status == 202, put_off.text
    offers = demanding.command("offer", "list", "--json").json()["offers"]
    [waiting] = [entry["id"] for entry in offers if entry["approval"] == "waiting"]
    demanding.command("offer", "approve", waiting)
    body = json_bytes({"transaction_id": put_off.json()["transaction_id"]})
    url, deadline = case.metadata["deferred_credential_endpoint"], time.monotonic() + LIMIT
    while (reply := case.wallet.post(url, case.token, body, JSON)).status == 202:
        assert time.monotonic() < deadline, "the wait is over"
        time.sleep(reply.json()["interval"])
    case.assert_issues(reply, *case.keys)


def test_a_proof_names_its_key_by_its_place_among_the_attested(begin: Begin) -> None:
    """As in the example of OpenID4VCI F.1: `kid` "0" and no `jwk`."""
    case = begin()
    proof = case.proof(case.attest(), jwk=None, kid="0")
    case.assert_issues(case.request({"jwt": [proof]}), *case.keys)


def test_any_of_the_attested_keys_may_sign_the_proof(begin: Begin) -> None:
    """Source: OpenID4VCI D.1 (a key contained in the attestation)."""
    case = begin()
    proof = case.proof(case.attest(), case.keys[-1])
    case.assert_issues(case.request({"jwt": [proof]}), *case.keys)


@HOW
@pytest.mark.parametrize(
    "changes",
    [
        {"key_storage": [MODERATE, HIGH]},
        {"key_storage": [HIGH, "https://example.com/levels/own"]},
        {"user_authentication": None},
        {"certification": "https://example.com/certificate"},
        {"iss": "https://wallets.example", "unknown": {"x": [1]}},
    ],
    ids=["two levels", "level of its own", "no user authentication", "certification", "unknown claims"],
)
def test_takes_what_is_allowed_beside(begin: Begin, how: str, changes: JsonObject) -> None:
    """Source: OpenID4VCI D.1 and D.2."""
    case = begin()
    case.assert_issues(case.send(case.attest(**changes), how), *case.keys)


def test_an_attestation_alone_needs_no_end(begin: Begin) -> None:
    """Beside a proof it does. Source: OpenID4VCI D.1 (`exp`)."""
    case = begin()
    refused(case.send(case.attest(exp=None), BESIDE), 400, "invalid_proof")
    case = case.fresh()
    case.assert_issues(case.send(case.attest(exp=None), ALONE), *case.keys)


def _resigned(case: Case, signer: Identity, **header: Any) -> str:
    """The right attestation under another certificate and key."""
    return replace(case.provider, signer=signer).attest(case.keys, case.nonce, header=header)


def _stranger(case: Case) -> str:
    return WalletProvider.create("Stranger").attest(case.keys, case.nonce)


def _same_name(case: Case) -> str:
    return WalletProvider.create("Foreign Wallets").attest(case.keys, case.nonce)


def _another_use(case: Case) -> str:
    return _resigned(case, case.provider.authority.issue("Foreign Wallets", EKU_CREDENTIAL_ISSUER))


def _the_authority_itself(case: Case) -> str:
    authority = case.provider.authority
    return _resigned(case, Identity(authority.key, authority.certificate))


def _another_key(case: Case) -> str:
    return _resigned(case, Identity(new_key(), case.provider.signer.certificate))


def _bare_key(case: Case) -> str:
    """Signed by a key that vouches for itself."""
    key = new_key()
    return _resigned(case, Identity(key, case.provider.signer.certificate), x5c=None, jwk=public_jwk(key))


def _unsigned(case: Case) -> str:
    return case.attest(header={"alg": "none"}).rpartition(".")[0] + "."


def _hmac(case: Case) -> str:
    """HS256 with the provider's public key as the secret."""
    signed = case.attest(header={"alg": "HS256"}).rpartition(".")[0]
    public = case.provider.signer.key.public_key()
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return f"{signed}.{b64url(hmac.digest(secret, signed.encode('ascii'), hashlib.sha256))}"


def _altered(case: Case) -> str:
    """Other claims under the signature."""
    header, _, signature = case.attest().split(".")
    _, claims, _ = case.attest(user_authentication=[MODERATE]).split(".")
    return f"{header}.{claims}.{signature}"


def _flipped(case: Case) -> str:
    rest, _, signature = case.attest().rpartition(".")
    return f"{rest}.{'B' if signature.startswith('A') else 'A'}{signature[1:]}"


def _headed(**header: Any) -> Callable[[Case], str]:
    return lambda case: case.attest(header=header)


def _claiming(**changes: Any) -> Callable[[Case], str]:
    return lambda case: case.attest(**changes)


def _expired(case: Case) -> str:
    now = int(time.time())
    return case.attest(iat=now - 7200, exp=now - 3600)


def _private_key(case: Case) -> str:
    jwk = public_jwk(case.keys[0])
    jwk["d"] = b64url(case.keys[0].private_numbers().private_value.to_bytes(32, "big"))
    return case.attest(attested_keys=[jwk])


def _one_key_twice(case: Case) -> str:
    return case.attest(attested_keys=[public_jwk(case.keys[0])] * 2)


WRONG: dict[str, Callable[[Case], str]] = {
    "unknown provider": _stranger,
    "unknown provider of the same name": _same_name,
    "certificate for another use": _another_use,
    "the authority itself": _the_authority_itself,
    "another key": _another_key,
    "a key that vouches for itself": _bare_key,
    "alg none": _unsigned,
    "alg HS256": _hmac,
    "altered claims": _altered,
    "altered signature": _flipped,
    "typ of a proof": _headed(typ=PROOF_TYP),
    "typ of a draft": _headed(typ="keyattestation+jwt"),
    "typ JWT": _headed(typ="JWT"),
    "no typ": _headed(typ=None),
    "crit": _headed(crit=["x"], x=1),
    "no x5c": _headed(x5c=None),
    "expired": _expired,
    "exp is text": _claiming(exp="never"),
    "no iat": _claiming(iat=None),
    "from the future": _claiming(iat=FAR_FUTURE, exp=FAR_FUTURE + 60),
    "no keys": _claiming(attested_keys=[]),
    "no attested_keys": _claiming(attested_keys=None),
    "a key that is none": _claiming(attested_keys=[{"kty": "EC"}]),
    "a private key": _private_key,
    "one key twice": _one_key_twice,
    "weaker storage": _claiming(key_storage=[MODERATE]),
    "storage not told": _claiming(key_storage=None),
    "storage is no array": _claiming(key_storage=HIGH),
    "no nonce": _claiming(nonce=None),
    "garbage": lambda _: "garbage",
}


@HOW
@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG.keys())
def test_refuses_a_wrong_attestation(begin: Begin, make: Callable[[Case], str], how: str) -> None:
    """The same wallet is then served with the right one."""
    case = begin()
    refused(case.send(make(case), how), 400, "invalid_proof")
    case = case.fresh()
    case.assert_issues(case.send(case.attest(), how), *case.keys)


@HOW
def test_refuses_the_nonce_of_nobody_and_one_that_was_used(begin: Begin, how: str) -> None:
    """Source: OpenID4VCI §8.3.1.2 (`invalid_nonce`)."""
    case = begin()
    refused(case.send(case.attest(nonce="nobody-gave-this-out"), how), 400, "invalid_nonce")
    case = case.fresh()
    case.assert_issues(case.send(case.attest(), how), *case.keys)
    again = replace(begin(), nonce=case.nonce)
    refused(again.send(again.attest(), how), 400, "invalid_nonce")


def test_refuses_a_proof_without_a_nonce_beside_an_attestation_with_one(begin: Begin) -> None:
    """Both need one. Source: OpenID4VCI F.1 (`nonce`, `key_attestation`)."""
    case = begin()
    audience, jose = case.metadata["credential_issuer"], {"key_attestation": case.attest()}
    without = case.wallet.proof(case.keys[0], audience, None, header=jose)
    refused(case.request({"jwt": [without]}), 400, "invalid_proof")
    case = case.fresh()
    case.assert_issues(case.send(case.attest(), BESIDE), *case.keys)


@pytest.mark.parametrize(
    "header", [{}, {"jwk": None, "kid": "0"}, {"jwk": None, "kid": str(KEYS)}], ids=["jwk", "kid of another", "no such"]
)
def test_refuses_a_proof_by_a_key_that_is_not_attested(begin: Begin, header: JsonObject) -> None:
    """Source: OpenID4VCI D.1 (MUST validate)."""
    case = begin()
    refused(case.request({"jwt": [case.proof(case.attest(), new_key(), **header)]}), 400, "invalid_proof")
    case = case.fresh()
    case.assert_issues(case.send(case.attest(), BESIDE), *case.keys)


@pytest.mark.parametrize("beside", ["jwk", "x5c"])
def test_refuses_a_proof_that_names_its_key_twice(begin: Begin, beside: str) -> None:
    """Source: OpenID4VCI F.1 (`kid` MUST NOT be present if `jwk` or `x5c` is, and the other way round)."""
    case = begin()
    own = case.provider.authority.issue("Holder", EKU_WALLET_PROVIDER)
    twice = {"jwk": public_jwk(case.keys[0])} if beside == "jwk" else {"jwk": None, "x5c": own.x5c}
    refused(case.request({BESIDE: [case.proof(case.attest(), kid="0", **twice)]}), 400, "invalid_proof")
    case = case.fresh()
    proof = case.proof(case.attest(), jwk=None, kid="0")
    case.assert_issues(case.request({BESIDE: [proof]}), *case.keys)


def test_an_attested_key_does_not_vouch_for_another_in_the_same_batch(begin: Begin) -> None:
    case = begin()
    smuggled = [case.proof(case.attest()), case.proof(None, new_key())]
    refused(case.request({"jwt": smuggled}), 400, "invalid_proof")
    case = case.fresh()
    foreign = [case.proof(case.attest()), case.proof(case.attest(), new_key())]
    refused(case.request({"jwt": foreign}), 400, "invalid_proof")
    case = case.fresh()
    case.assert_issues(case.send(case.attest(), BESIDE), *case.keys)


def test_refuses_two_attestations_and_none(begin: Begin) -> None:
    """Source: OpenID4VCI F (`attestation`: an array of exactly one JWT)."""
    errors = ("invalid_proof", "invalid_credential_request")
    case = begin()
    wrong: list[Any] = [{ALONE: [case.attest(), case.attest()]}, {ALONE: []}, {ALONE: case.attest()}, {}, None]
    for proofs in wrong:
        refused(case.request(proofs), 400, *errors)
    right = case.attest()
    refused(case.request({ALONE: [right], BESIDE: [case.proof(right)]}), 400, *errors)
    case = case.fresh()
    case.assert_issues(case.send(case.attest(), ALONE), *case.keys)


def test_refuses_a_proof_without_an_attestation(begin: Begin) -> None:
    """Source: OpenID4VCI §12.2.4 (`key_attestations_required`)."""
    case = begin()
    refused(case.request({BESIDE: [case.proof(None)]}), 400, "invalid_proof")
    case = case.fresh()
    case.assert_issues(case.send(case.attest(), BESIDE), *case.keys)


@HOW
def test_refuses_a_proof_in_the_place_of_an_attestation(begin: Begin, how: str) -> None:
    case = begin()
    refused(case.send(case.proof(None), how), 400, "invalid_proof")
    swapped = case.fresh()
    refused(swapped.request({BESIDE: [swapped.attest()]}), 400, "invalid_proof")
    case = case.fresh()
    case.assert_issues(case.send(case.attest(), how), *case.keys)


def test_asks_for_no_attestation_where_the_type_needs_none(begin: Begin) -> None:
    """What such a request says of its key beside is passed over. Source: OpenID4VCI F.1."""
    case = begin(ROLE_TYPE)
    case.assert_issues(case.request({BESIDE: [case.proof(None)]}, ROLE_CONFIGURATION), case.keys[0])


def test_a_chain_is_followed_as_far_as_its_anchor_allows(begin: Begin, roomy: Authority) -> None:
    """Source: RFC 5280 §4.2.1.9 (path length)."""
    case = begin()
    refused(case.send(_under_an_authority_between(case, case.provider.authority), ALONE), 400, "invalid_proof")
    case = case.fresh()
    case.assert_issues(case.send(_under_an_authority_between(case, roomy), ALONE), *case.keys)


def _under_an_authority_between(case: Case, authority: Authority) -> str:
    middle = authority.subordinate("Middle")
    signer = middle.issue("Foreign Wallets", EKU_WALLET_PROVIDER)
    return _resigned(case, signer, x5c=[*signer.x5c, *Identity(middle.key, middle.certificate).x5c])


@pytest.mark.parametrize("nonces", ["one", "two"])
def test_the_nonces_of_proof_and_attestation_are_both_the_issuers(begin: Begin, nonces: str) -> None:
    """Each is "a server-provided `c_nonce`"; that they be the same is nowhere asked. Source: OpenID4VCI F.1."""
    case = begin()
    attestation = case.attest()
    if nonces == "two":
        case = case.fresh()
    case.assert_issues(case.request({BESIDE: [case.proof(attestation)]}), *case.keys)


def test_refuses_a_proof_that_was_altered_around_a_right_attestation(begin: Begin) -> None:
    """The proof's signature covers the attestation in its header."""
    case = begin()
    right = Jws.parse(case.proof(case.attest()))
    other = sign_jws(right.header | {"key_attestation": case.attest()}, right.payload, case.keys[0])
    mixed = f"{other.rpartition('.')[0]}.{b64url(right.signature)}"
    refused(case.request({BESIDE: [mixed]}), 400, "invalid_proof")
    case = case.fresh()
    case.assert_issues(case.send(case.attest(), BESIDE), *case.keys)

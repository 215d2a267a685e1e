"""Queries that name the authorities whose credentials count, by their key identifiers (`aki`).

Source: OpenID4VP 1.0 §6.1.1 and §6.1.1.1, RFC 5280 §4.2.1.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from expectations import coded
from inro_peers import mdoc
from inro_peers.cose import X5CHAIN
from inro_peers.dcql import of_trusted_authority
from inro_peers.issuer import MdocProduct, Options, Product
from inro_peers.jose import JsonObject, b64url
from inro_peers.pki import EKU_CREDENTIAL_ISSUER, Authority, Identity, authority_key_ids, subject_key_id
from inro_peers.processes import InroIssuer, InroVerifier, InroWallet
from inro_peers.verifier import Encryption
from inro_peers.wallet_issuance import HeldCredential
from inro_peers.wallet_presentation import PresentationWallet
from mdoc_partner import MdocPartner
from partner import Partner, header
from products import (
    EMPLOYEE_DOCTYPE,
    EMPLOYEE_SPACE,
    EMPLOYEE_TYPE,
    EMPLOYEE_VCT,
    credential_query,
    foreign_employee_id,
    foreign_employee_mdoc,
    mdoc_credential_query,
)
from world import World, world

OTHER = b64url(bytes(20))
FRAMEWORK: JsonObject = {"type": "etsi_tl", "values": ["https://lotl.example.com"]}
Present = Callable[..., str]


def _aki(*values: str) -> JsonObject:
    return {"type": "aki", "values": list(values)}


def _own(certificate: x509.Certificate) -> str:
    return b64url(subject_key_id(certificate))


def _sd_jwt_entry(authorities: list[JsonObject]) -> JsonObject:
    claims: list[JsonObject] = [{"path": ["employee_number"]}]
    return credential_query("employee", EMPLOYEE_VCT, claims, trusted_authorities=authorities)


def _mdoc_entry(authorities: list[JsonObject]) -> JsonObject:
    claims: list[JsonObject] = [{"path": [EMPLOYEE_SPACE, "employee_number"]}]
    return mdoc_credential_query("employee", EMPLOYEE_DOCTYPE, claims, trusted_authorities=authorities)


@pytest.fixture(scope="module")
def roomy(verifier: InroVerifier) -> Iterator[Authority]:
    """An authority that the verifier trusts, and that may have another one beneath it."""
    authority = Authority.create("Roomy Agency CA", path_length=1)
    verifier.command("trust", "add", "--issuer", authority.write(verifier.folder / "roomy.pem"))
    yield authority
    verifier.command("trust", "remove", "Roomy Agency CA")


def test_the_foreign_reading_of_the_key_identifiers(roomy: Authority) -> None:
    """A leaf names its authority, and so does the authority between. Source: RFC 5280 §4.2.1.1."""
    middle = roomy.subordinate("Middle CA")
    leaf = middle.issue("Leaf", EKU_CREDENTIAL_ISSUER).certificate
    ids = authority_key_ids([leaf, middle.certificate])
    assert ids == [subject_key_id(middle.certificate), subject_key_id(roomy.certificate)]
    chain = [leaf, middle.certificate]
    for authorities, matches in (
        ([_aki(_own(middle.certificate))], True),
        ([_aki(_own(roomy.certificate))], True),
        ([_aki(_own(leaf))], False),
        ([_aki(OTHER)], False),
        ([_aki(OTHER), _aki(_own(roomy.certificate))], True),
        ([FRAMEWORK], False),
    ):
        assert of_trusted_authority(_sd_jwt_entry(authorities), chain) is matches


def _sd_jwt(agency: Partner, signer: Identity, chain: list[Identity], authorities: list[JsonObject]) -> str:
    """What becomes of an SD-JWT VC that answers a query with these authorities, whoever signed it."""
    body = {"dcql_query": {"credentials": [_sd_jwt_entry(authorities)]}}
    x5c = [text for one in chain for text in one.x5c]
    _, result = agency.present(header(x5c=x5c), signer=signer, body=body)
    return _told(result)


def _mdoc(agency: MdocPartner, signer: Identity, chain: list[Identity], authorities: list[JsonObject]) -> str:
    """The same with an mdoc."""
    ders = [one.der for one in chain]

    def spoil(draft: mdoc.Draft) -> None:
        draft.unprotected[X5CHAIN] = ders if len(ders) > 1 else ders[0]

    query = {"credentials": [_mdoc_entry(authorities)]}
    _, result = agency.present(spoil, signer=signer, query=query)
    return _told(result)


def _told(result: JsonObject) -> str:
    if result["status"] == "rejected":
        assert coded(result["error"])
        assert not result.get("credentials")
    return str(result["status"])


@pytest.fixture(params=["SD-JWT VC", "mdoc"])
def present(request: pytest.FixtureRequest, agency: Partner, mdoc_agency: MdocPartner) -> Present:
    """Presents in one format or the other."""
    if request.param == "mdoc":
        return lambda *arguments: _mdoc(mdoc_agency, *arguments)
    return lambda *arguments: _sd_jwt(agency, *arguments)


def _issue(authority: Authority) -> Identity:
    return authority.issue("Partner Agency", EKU_CREDENTIAL_ISSUER, credential_types=(EMPLOYEE_TYPE,))


def test_the_verifier_takes_a_credential_of_the_authority_that_it_named(present: Present, partner: Authority) -> None:
    signer = _issue(partner)
    own = _own(partner.certificate)
    assert present(signer, [signer], [_aki(own)]) == "verified"
    assert present(signer, [signer], [_aki(OTHER)]) == "rejected"
    assert present(signer, [signer], [_aki(OTHER, own)]) == "verified"
    assert present(signer, [signer], [FRAMEWORK, _aki(own)]) == "verified"
    # Its own key is not that of its authority.
    assert present(signer, [signer], [_aki(_own(signer.certificate))]) == "rejected"


def test_any_authority_of_the_chain_may_be_meant(present: Present, roomy: Authority, partner: Authority) -> None:
    """Source: OpenID4VP §6.1.1.1 (a certificate in the chain present in the credential)."""
    middle = roomy.subordinate("Middle CA")
    signer = _issue(middle)
    chain = [signer, Identity(middle.key, middle.certificate)]
    for authority, status in ((middle, "verified"), (roomy, "verified"), (partner, "rejected")):
        assert present(signer, chain, [_aki(_own(authority.certificate))]) == status


def test_the_verifier_asks_by_the_authorities_of_its_policy(
    verifier: InroVerifier,
    issuer: InroIssuer,
    presentation: PresentationWallet,
    held: Callable[..., list[HeldCredential]],
) -> None:
    """What the operator wrote reaches the wallet as it is, and the wallet sends what fits."""
    [anchor] = issuer.anchors
    entry = _sd_jwt_entry([_aki(_own(anchor))])
    with verifier.policy({"credentials": [entry]}) as body:
        created = verifier.create(body)
        request = presentation.fetch(created["authorization_request"])
        assert request.parameters["dcql_query"]["credentials"][0]["trusted_authorities"] == [_aki(_own(anchor))]
        assert presentation.post(request, presentation.answer(request, held(EMPLOYEE_TYPE))).status == 200
        assert verifier.result(created["id"])["status"] == "verified"


@pytest.mark.parametrize(
    "authorities",
    [[], [{}], [{"type": "aki"}], [{"type": "aki", "values": []}], [{"values": [OTHER]}], {"type": "aki"}, "aki"],
    ids=["none", "empty", "no values", "empty values", "no type", "no array", "text"],
)
def test_the_verifier_asks_nothing_malformed(verifier: InroVerifier, authorities: Any) -> None:
    """Source: OpenID4VP §6.1 and §6.1.1 (REQUIRED, non-empty)."""
    assert verifier.create({"dcql_query": {"credentials": [_sd_jwt_entry([_aki(OTHER)])]}})
    wrong = {"dcql_query": {"credentials": [_sd_jwt_entry(authorities)]}}
    reply = verifier.post_presentation(wrong)
    assert reply.status in (400, 422), reply.text
    assert coded(reply.json())


@contextmanager
def _holding(
    wallet: InroWallet, folder: Path, product: Product | MdocProduct, registered: JsonObject
) -> Iterator[World]:
    with world(wallet, folder, Options(batch_size=4), product) as foreign:
        foreign.register(registered)
        foreign.receive()
        yield foreign


HOLDINGS = pytest.mark.parametrize(
    ("product", "registered", "entry"),
    [
        (foreign_employee_id(), {"type": EMPLOYEE_VCT, "claims": [["employee_number"]]}, _sd_jwt_entry),
        (
            foreign_employee_mdoc(),
            {"type": EMPLOYEE_DOCTYPE, "claims": [[EMPLOYEE_SPACE, "employee_number"]]},
            _mdoc_entry,
        ),
    ],
    ids=["SD-JWT VC", "mdoc"],
)


@HOLDINGS
@pytest.mark.parametrize("encryption", [None, Encryption()], ids=["plain", "encrypted"])
def test_the_wallet_shows_what_an_authority_that_is_asked_for_certified(
    inro_wallet: InroWallet,
    tmp_path: Path,
    product: Product | MdocProduct,
    registered: JsonObject,
    entry: Callable[[list[JsonObject]], JsonObject],
    encryption: Encryption | None,
) -> None:
    with _holding(inro_wallet, tmp_path, product, registered) as foreign:
        own = _own(foreign.issuer.authority.certificate)
        for authorities in ([_aki(own)], [_aki(OTHER, own)], [FRAMEWORK, _aki(own)]):
            query = {"credentials": [entry(authorities)]}
            foreign.assert_answers(foreign.verifier.request(query, encryption=encryption))


@HOLDINGS
def test_the_wallet_shows_nothing_to_who_asks_for_another_authority(
    inro_wallet: InroWallet,
    tmp_path: Path,
    product: Product | MdocProduct,
    registered: JsonObject,
    entry: Callable[[list[JsonObject]], JsonObject],
) -> None:
    """And the verifier learns no more than of a holder who declined. Source: OpenID4VP §6.1.1, §15.4."""
    with _holding(inro_wallet, tmp_path, product, registered) as foreign:
        own = _own(foreign.issuer.authority.certificate)
        signer = _own(foreign.issuer.signer.certificate)
        for authorities in ([_aki(OTHER)], [_aki(signer)], [FRAMEWORK], [_aki(own + "=")], [_aki(own[:-2])]):
            foreign.assert_refuses(foreign.verifier.request({"credentials": [entry(authorities)]}))
        foreign.assert_answers(foreign.verifier.request({"credentials": [entry([_aki(own)])]}))


@pytest.mark.parametrize(
    "authorities",
    [[], [{}], [{"type": "aki"}], [{"type": "aki", "values": []}], [{"values": [OTHER]}], {"type": "aki"}, "aki"],
    ids=["none", "empty", "no values", "empty values", "no type", "no array", "text"],
)
def test_the_wallet_refuses_what_is_malformed(inro_wallet: InroWallet, tmp_path: Path, authorities: Any) -> None:
    registered = {"type": EMPLOYEE_VCT, "claims": [["employee_number"]]}
    with _holding(inro_wallet, tmp_path, foreign_employee_id(), registered) as foreign:
        own = _own(foreign.issuer.authority.certificate)
        foreign.assert_answers(foreign.verifier.request({"credentials": [_sd_jwt_entry([_aki(own)])]}))
        foreign.assert_refuses(foreign.verifier.request({"credentials": [_sd_jwt_entry(authorities)]}))


def test_an_option_of_another_authority_gives_way_to_the_next(inro_wallet: InroWallet, tmp_path: Path) -> None:
    """Source: OpenID4VP §6.4.2."""
    registered = {"type": EMPLOYEE_VCT, "claims": [["employee_number"]]}
    with _holding(inro_wallet, tmp_path, foreign_employee_id(), registered) as foreign:
        own = _own(foreign.issuer.authority.certificate)
        first, second = _sd_jwt_entry([_aki(OTHER)]), _sd_jwt_entry([_aki(own)])
        query = {
            "credentials": [first | {"id": "first"}, second | {"id": "second"}],
            "credential_sets": [{"options": [["first"], ["second"]]}],
        }
        session = foreign.verifier.request(query)
        foreign.assert_answers(session)
        assert session.verified is not None
        assert set(session.verified) == {"second"}


def test_the_foreign_verifier_refuses_another_authority(inro_wallet: InroWallet, tmp_path: Path) -> None:
    """A check of the peer itself: the request said one thing, and the query is then held against another."""
    registered = {"type": EMPLOYEE_VCT, "claims": [["employee_number"]]}
    with _holding(inro_wallet, tmp_path, foreign_employee_id(), registered) as foreign:
        own = _own(foreign.issuer.authority.certificate)
        session = foreign.verifier.request({"credentials": [_sd_jwt_entry([_aki(own)])]})
        session.query = {"credentials": [_sd_jwt_entry([_aki(OTHER)])]}
        foreign.wallet.present(session.authorization_request, expect=None)
        assert session.verified is None
        assert "another authority" in (session.problem or "")

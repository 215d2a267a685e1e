"""Trust is given and taken away, and agencies change their keys, while services run and old credentials live."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import APPROVER, hr_file
from expectations import rejected_presentation
from inro_peers import mdoc, wallet_mdoc
from inro_peers.jose import JsonObject, new_key
from inro_peers.pki import EKU_CREDENTIAL_ISSUER, Authority, Identity
from inro_peers.processes import Binaries, InroIssuer, InroVerifier, InroWallet
from inro_peers.sdjwt_vc import FORMAT as SD_JWT
from inro_peers.status_issuer import Publication, StatusIssuer, list_answer
from inro_peers.status_list import INVALID, VALID, compressed, fetch, fetch_cwt, sign_list
from inro_peers.transport import HttpsClient
from inro_peers.wallet_issuance import HeldCredential, IssuanceWallet
from inro_peers.wallet_mdoc import HeldMdoc
from inro_peers.wallet_presentation import PresentationWallet
from mdoc_counter import Counter
from mdoc_partner import MdocPartner, assert_taken
from partner import Partner, claims
from products import EMPLOYEE_SPACE, EMPLOYEE_TYPE, EMPLOYEE_VCT, employee_query, mdoc_query
from world import world

NEWCOMER = "Newcomer Agency CA"
SIZE = 4096
REVOKED = "INRO-VERIFIER-060"


def _signer(authority: Authority) -> Identity:
    return authority.issue("Agency", EKU_CREDENTIAL_ISSUER, credential_types=(EMPLOYEE_TYPE,))


@dataclass(frozen=True)
class Newcomer:
    """An authority that comes into the running verifier's trust and goes again."""

    authority: Authority
    verifier: InroVerifier
    file: Path

    def comes(self) -> None:
        """It is trusted from now on."""
        self.verifier.command("trust", "add", "--issuer", self.file)

    def goes(self) -> None:
        """It is not."""
        self.verifier.command("trust", "remove", NEWCOMER)


@pytest.fixture
def newcomer(verifier: InroVerifier, tmp_path: Path) -> Iterator[Newcomer]:
    """The newcomer, trusted."""
    authority = Authority.create(NEWCOMER)
    newcomer = Newcomer(authority, verifier, authority.write(tmp_path / "newcomer.pem"))
    newcomer.comes()
    yield newcomer
    verifier.command("trust", "remove", NEWCOMER, expect=None)


def test_an_authority_counts_until_it_is_taken_out(
    newcomer: Newcomer,
    verifier: InroVerifier,
    presentation: PresentationWallet,
    counter: Counter,
    statuses: StatusIssuer,
) -> None:
    """In both formats, without a restart; a list that the verifier keeps changes nothing of it."""
    signer = _signer(newcomer.authority)
    agency = Partner(newcomer.authority, signer, verifier, presentation, new_key())
    with_mdocs = MdocPartner(newcomer.authority, signer, counter, new_key())
    place = {"status_list": {"uri": statuses.publish(_listing(signer)), "idx": 0}}

    def assert_counts() -> None:
        reply, result = agency.present(claims(status=place))
        assert (reply.status, result["status"]) == (200, "verified"), reply.text
        assert_taken(*with_mdocs.present(_with_status(place)))

    assert_counts()
    newcomer.goes()
    rejected_presentation(*agency.present(claims(status=place)))
    rejected_presentation(*with_mdocs.present(_with_status(place)))
    newcomer.comes()
    assert_counts()


def test_an_answer_is_judged_by_the_trust_of_its_own_moment(
    newcomer: Newcomer, verifier: InroVerifier, presentation: PresentationWallet
) -> None:
    """The authority was trusted when the request went out, and is not when the answer comes."""
    agency = Partner(newcomer.authority, _signer(newcomer.authority), verifier, presentation, new_key())
    assert agency.present(lambda _: None)[1]["status"] == "verified"
    rejected_presentation(*agency.present(lambda _: None, between=newcomer.goes))


def test_a_list_of_another_authority_says_nothing(newcomer: Newcomer, agency: Partner, statuses: StatusIssuer) -> None:
    """A list speaks for credentials of its own authority alone. Source: Token Status List §11.3."""
    own, other = (statuses.publish(_listing(by)) for by in (agency.signer, _signer(newcomer.authority)))
    codes = []
    for uri in (own, other):
        for index in (0, 1):
            _, result = agency.present(claims(status={"status_list": {"uri": uri, "idx": index}}))
            codes.append(result.get("error", {}).get("inro_code", result["status"]))
    assert codes == ["verified", REVOKED, "INRO-VERIFIER-018", "INRO-VERIFIER-018"]


def test_a_foreign_agency_changes_its_signer(agency: Partner, mdoc_agency: MdocPartner, statuses: StatusIssuer) -> None:
    """The credentials of both count, and whichever signs the list speaks for both. Source: Token Status List §11.3."""
    old, new = agency.signer, _signer(agency.authority)
    for lists_by in (old, new):
        uri = statuses.publish(_listing(lists_by))
        good, bad = ({"status_list": {"uri": uri, "idx": index}} for index in (0, 1))
        for signer in (old, new):
            assert agency.present(claims(status=good), signer=signer)[1]["status"] == "verified"
            refused = agency.present(claims(status=bad), signer=signer)[1]
            assert refused["error"]["inro_code"] == REVOKED
            assert_taken(*mdoc_agency.present(_with_status(good), signer=signer))
            refused = mdoc_agency.present(_with_status(bad), signer=signer)[1]
            assert refused["error"]["inro_code"] == REVOKED


def _listing(signer: Identity) -> Publication:
    """A list whose place 1 is revoked."""
    lst = compressed({1: INVALID}, SIZE)
    return lambda uri: list_answer(sign_list(uri, lst, signer))


def _with_status(place: JsonObject) -> Callable[[mdoc.Draft], None]:
    def refer(draft: mdoc.Draft) -> None:
        draft.mso["status"] = place

    return refer


@dataclass(frozen=True)
class Copies:
    """Copies of an employee id in both formats, checked by a foreign wallet when they came."""

    sd_jwts: list[HeldCredential]
    mdocs: list[HeldMdoc]

    @classmethod
    def receive(cls, issuer: InroIssuer) -> Copies:
        """From an offer for each format."""

        def wallet() -> IssuanceWallet:
            return IssuanceWallet(HttpsClient(issuer.tls_ca), issuer.anchors)

        offers = [
            issuer.offer(APPROVER, EMPLOYEE_TYPE, form=form)["credential_offer"] for form in (SD_JWT, mdoc.FORMAT)
        ]
        return cls(wallet().receive(offers[0]), wallet_mdoc.receive(wallet(), offers[1]))

    def statuses(self, issuer: InroIssuer) -> set[int]:
        """What lists as JWT and as CWT say of all copies."""
        https = HttpsClient(issuer.tls_ca)
        places = [one.verified.claims["status"]["status_list"] for one in self.sd_jwts]
        places += [one.verified.mso["status"]["status_list"] for one in self.mdocs]
        readers = (fetch, fetch_cwt)
        return {read(https, one["uri"], issuer.anchors).status(one["idx"]) for one in places for read in readers}

    def assert_counts(self, counter: Counter) -> None:
        """One copy of each format, not shown before, is verified."""
        created = counter.verifier.create({"dcql_query": employee_query(["employee_number"])})
        reply = counter.wallet.present(created["authorization_request"], [self.sd_jwts.pop()])
        assert reply.status == 200, reply.text
        assert counter.verifier.result(created["id"])["status"] == "verified"
        shown = counter.claims([self.mdocs.pop()], query=mdoc_query("employee_number"))
        assert shown == {EMPLOYEE_SPACE: {"employee_number": APPROVER}}


@pytest.fixture
def renewing(binaries: Binaries, tmp_path: Path) -> Iterator[InroIssuer]:
    """An issuer of Inro's that will change its signer."""
    service = InroIssuer(binaries, tmp_path / "renewing")
    service.import_employees(hr_file(tmp_path / "employees.csv"))
    service.start()
    yield service
    service.stop()


@pytest.fixture
def onlooker(binaries: Binaries, renewing: InroIssuer, tmp_path: Path) -> Iterator[Counter]:
    """A verifier of Inro's that trusts it, and keeps running."""
    service = InroVerifier(binaries, tmp_path / "onlooker")
    service.register_with(renewing)
    service.start()
    yield Counter(service, PresentationWallet(HttpsClient(service.tls_ca), service.anchors))
    service.stop()


def test_inros_agency_changes_its_signer(
    renewing: InroIssuer, onlooker: Counter, inro_wallet: InroWallet, tmp_path: Path
) -> None:
    """What either signer signed counts for a foreign wallet, verifier and reader of lists, and for Inro's own."""
    inro_wallet.trust("issuer", renewing.anchor_file)
    inro_wallet.trust("tls", renewing.tls_ca)
    query = employee_query(["employee_number"])
    with world(inro_wallet, tmp_path) as foreign:
        foreign.register_with(renewing, tmp_path, {"type": EMPLOYEE_VCT, "claims": [["employee_number"]]})
        old = Copies.receive(renewing)
        old.assert_counts(onlooker)
        inro_wallet.receive(renewing.offer(APPROVER, EMPLOYEE_TYPE)["credential_offer"])
        foreign.assert_answers(foreign.verifier.request(query))

        renewing.command("signer", "renew")
        renewing.stop()
        renewing.start()

        new = Copies.receive(renewing)
        assert old.sd_jwts[0].verified.issuer != new.sd_jwts[0].verified.issuer
        assert new.sd_jwts[0].verified.issuer == new.mdocs[0].verified.issuer
        for copies in (old, new):
            copies.assert_counts(onlooker)
            assert copies.statuses(renewing) == {VALID}
        foreign.assert_answers(foreign.verifier.request(query))
        inro_wallet.receive(renewing.offer(APPROVER, EMPLOYEE_TYPE)["credential_offer"])
        foreign.assert_answers(foreign.verifier.request(query))

        arguments = ("--employee", APPROVER, "--type", EMPLOYEE_TYPE, "--reason", "test")
        renewing.command("credential", "revoke", *arguments)
        assert old.statuses(renewing) == new.statuses(renewing) == {INVALID}

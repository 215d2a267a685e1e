"""Inro's services as the tests meet them: started once, trusted by each other, with three employees in the HR file."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inro_peers import mdoc, wallet_mdoc
from inro_peers.jose import new_key
from inro_peers.pki import EKU_CREDENTIAL_ISSUER, Authority
from inro_peers.processes import Binaries, InroIssuer, InroVerifier, InroWallet
from inro_peers.status_issuer import StatusIssuer
from inro_peers.transport import HttpsClient
from inro_peers.wallet_issuance import HeldCredential, IssuanceWallet
from inro_peers.wallet_mdoc import HeldMdoc
from inro_peers.wallet_presentation import PresentationWallet
from mdoc_counter import Counter
from mdoc_partner import MdocPartner, assert_taken
from partner import Partner
from products import EMPLOYEE_TYPE

APPROVER = "T0001"
CLERK = "T0002"
# Whose credentials one test suspends and revokes; no other test uses this employee.
LEAVER = "T0003"
COLUMNS = [
    *("employee_number", "name_kanji", "name_kana", "name_latin"),
    *("agency_code", "agency", "department_code", "department", "post", "employment", "grade"),
    *("roles", "contract_id", "valid_from", "valid_until"),
]


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    """The three binaries; without them these tests fail, they do not skip."""
    return Binaries.find()


@pytest.fixture(scope="session")
def issuer(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InroIssuer]:
    """A running issuer that knows the three employees."""
    folder = tmp_path_factory.mktemp("issuer")
    service = InroIssuer(binaries, folder / "agency")
    service.import_employees(hr_file(folder / "employees.csv"))
    service.start()
    yield service
    service.stop()


@pytest.fixture(scope="session")
def partner() -> Authority:
    """The certification authority of a partner agency whose credentials the tests make by hand."""
    return Authority.create("Partner Agency CA")


@pytest.fixture(scope="session")
def verifier(
    binaries: Binaries, issuer: InroIssuer, partner: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InroVerifier]:
    """A running verifier that the agency registered, and that trusts the partner agency, too."""
    folder = tmp_path_factory.mktemp("verifier")
    service = InroVerifier(binaries, folder / "welfare")
    service.register_with(issuer)
    service.command("trust", "add", "--issuer", partner.write(folder / "partner.pem"))
    service.start()
    yield service
    service.stop()


@pytest.fixture
def fresh_verifier(binaries: Binaries, issuer: InroIssuer, tmp_path: Path) -> Iterator[InroVerifier]:
    """A verifier of the test's own, which has fetched no status list yet."""
    service = InroVerifier(binaries, tmp_path / "fresh-verifier")
    service.register_with(issuer)
    service.start()
    yield service
    service.stop()


@pytest.fixture
def issuance(issuer: InroIssuer) -> IssuanceWallet:
    """A foreign wallet that trusts the agency, with a fresh DPoP key and no nonce yet."""
    return IssuanceWallet(HttpsClient(issuer.tls_ca), issuer.anchors)


@pytest.fixture
def presentation(verifier: InroVerifier) -> PresentationWallet:
    """A foreign wallet that trusts the verifier's authority."""
    return PresentationWallet(HttpsClient(verifier.tls_ca), verifier.anchors)


@pytest.fixture
def agency(partner: Authority, verifier: InroVerifier, presentation: PresentationWallet) -> Partner:
    """The partner agency, whose unspoilt credential the verifier takes."""
    signer = partner.issue("Partner Agency", EKU_CREDENTIAL_ISSUER, credential_types=(EMPLOYEE_TYPE,))
    agency = Partner(partner, signer, verifier, presentation, new_key())
    reply, result = agency.present(lambda _: None)
    assert (reply.status, result["status"]) == (200, "verified"), reply.text
    return agency


@pytest.fixture
def mdoc_agency(partner: Authority, counter: Counter) -> MdocPartner:
    """The same with mdocs."""
    signer = partner.issue("Partner Agency", EKU_CREDENTIAL_ISSUER, credential_types=(EMPLOYEE_TYPE,))
    agency = MdocPartner(partner, signer, counter, new_key())
    assert_taken(*agency.present())
    return agency


@pytest.fixture(scope="session")
def statuses(verifier: InroVerifier, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StatusIssuer]:
    """A foreign status issuer whose TLS certificate the verifier trusts."""
    with StatusIssuer() as service:
        pem = service.tls_authority.write(tmp_path_factory.mktemp("status") / "tls.pem")
        verifier.command("trust", "add", "--tls", pem)
        yield service


@pytest.fixture
def held(issuer: InroIssuer, issuance: IssuanceWallet) -> Callable[..., list[HeldCredential]]:
    """Receives credentials of an employee over the wire."""

    def receive(*credentials: str, employee: str = APPROVER) -> list[HeldCredential]:
        return issuance.receive(issuer.offer(employee, *credentials)["credential_offer"])

    return receive


@pytest.fixture
def mdocs(issuer: InroIssuer, issuance: IssuanceWallet) -> Callable[..., list[HeldMdoc]]:
    """Receives mdocs of an employee over the wire."""

    def receive(*credentials: str, employee: str = APPROVER) -> list[HeldMdoc]:
        offer = issuer.offer(employee, *credentials, form=mdoc.FORMAT)
        return wallet_mdoc.receive(issuance, offer["credential_offer"])

    return receive


@pytest.fixture
def counter(verifier: InroVerifier, presentation: PresentationWallet) -> Counter:
    """Inro's verifier with a foreign wallet that holds mdocs in front of it."""
    return Counter(verifier, presentation)


@pytest.fixture
def inro_wallet(binaries: Binaries, tmp_path: Path) -> InroWallet:
    """A holder's own wallet, empty and trusting nobody."""
    return InroWallet(binaries, tmp_path / "holder")


def hr_file(file: Path) -> Path:
    """Writes the HR file with the three employees."""
    today = datetime.datetime.now(datetime.UTC).date()
    common = {
        "agency_code": "131032",
        "agency": "試験市",
        "department_code": "D10",
        "department": "福祉課",
        "employment": "permanent",
        "valid_from": str(today - datetime.timedelta(days=30)),
        "valid_until": str(today + datetime.timedelta(days=800)),
    }
    rows = [
        {
            "employee_number": APPROVER,
            "name_kanji": "試験 花子",
            "name_kana": "シケン ハナコ",
            "name_latin": "Hanako Shiken",
            "post": "課長",
            "grade": "6",
            "roles": "welfare-approver:D10",
        },
        {
            "employee_number": CLERK,
            "name_kanji": "試験 太郎",
            "name_kana": "シケン タロウ",
            "name_latin": "Taro Shiken",
            "post": "主事",
            "grade": "2",
            "roles": "",
        },
        {
            "employee_number": LEAVER,
            "name_kanji": "試験 次郎",
            "name_kana": "シケン ジロウ",
            "name_latin": "Jiro Shiken",
            "post": "主事",
            "grade": "2",
            "roles": "",
        },
    ]
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(common | row for row in rows)
    return file

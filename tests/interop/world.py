"""A foreign agency and a foreign verifier around one of Inro's wallets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from expectations import REFUSED, ended_with_code
from inro_peers.issuer import ForeignIssuer, MdocProduct, Options, Product
from inro_peers.jose import JsonObject
from inro_peers.processes import InroIssuer, InroWallet
from inro_peers.registration import application, sign_registration
from inro_peers.verifier import ForeignVerifier, Session
from products import (
    EMPLOYEE_TYPE,
    EMPLOYEE_VCT,
    ClaimPath,
    foreign_employee_id,
)

REGISTERED: list[ClaimPath] = [["employee_number"], ["name_kanji"], ["department", "name"]]
NOT_REGISTERED: ClaimPath = ["post"]


@dataclass
class World:
    """A foreign agency and a foreign verifier that `wallet` trusts."""

    issuer: ForeignIssuer
    verifier: ForeignVerifier
    wallet: InroWallet

    def register(self, *credentials: JsonObject) -> None:
        """The agency registers the verifier for `credentials`, and for nothing else any more."""
        self.verifier.registration = sign_registration(
            self.issuer.registrar, self.verifier.identity, self.verifier.host, list(credentials)
        )

    def register_with(self, agency: InroIssuer, folder: Path, *credentials: JsonObject) -> None:
        """Inro's agency registers the verifier, which trusts it, for `credentials`."""
        self.verifier.issuer_anchors = agency.anchors
        application_file, certificate = folder / "application.toml", folder / "verifier.pem"
        application_file.write_text(application(self.verifier.host, list(credentials)), encoding="utf-8")
        self.verifier.identity.write(certificate, folder / "verifier.key.pem")
        self.verifier.registration = agency.register_verifier(application_file, certificate)

    def receive(self) -> JsonObject:
        """The holder takes the agency's employee id."""
        return self.wallet.receive(self.issuer.offer(), self.issuer.options.tx_code)

    def assert_refuses(self, session: Session) -> None:
        """The holder's wallet refuses with a code and sends nothing that a verifier could use."""
        finished = self.wallet.present(session.authorization_request, expect=REFUSED)
        ended_with_code(finished, REFUSED)
        assert finished.json()["status"] == "refused"
        assert not session.received_presentations
        assert all(set(response) <= {"error", "state"} for response in session.responses)

    def assert_answers(self, session: Session) -> None:
        """The holder's wallet sends what the verifier takes."""
        finished = self.wallet.present(session.authorization_request)
        assert finished.json()["status"] == "sent"
        assert session.verified is not None, session.problem


@contextmanager
def world(
    wallet: InroWallet, folder: Path, options: Options = Options(), product: Product | MdocProduct | None = None
) -> Iterator[World]:
    """Starts both foreign services; the agency registers the verifier for `REGISTERED` of `EMPLOYEE_VCT`."""
    issuer = ForeignIssuer(product or foreign_employee_id(), EMPLOYEE_TYPE, options)
    verifier = ForeignVerifier([issuer.authority.certificate])
    wallet.trust("issuer", issuer.authority.write(folder / "foreign-issuer.pem"))
    wallet.trust("verifier", verifier.authority.write(folder / "foreign-verifier.pem"))
    wallet.trust("tls", issuer.tls_authority.write(folder / "foreign-issuer-tls.pem"))
    wallet.trust("tls", verifier.tls_authority.write(folder / "foreign-verifier-tls.pem"))
    with issuer, verifier:
        foreign = World(issuer, verifier, wallet)
        foreign.register({"type": EMPLOYEE_VCT, "claims": REGISTERED})
        yield foreign

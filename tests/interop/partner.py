"""A partner agency that Inro's verifier trusts, whose credentials the tests make by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from inro_peers.jose import JsonObject, PrivateKey, public_jwk
from inro_peers.pki import Authority, Identity
from inro_peers.processes import InroVerifier
from inro_peers.sdjwt import SdJwt
from inro_peers.sdjwt_vc import Draft, draft_credential
from inro_peers.transport import Reply
from inro_peers.wallet_presentation import PresentationWallet
from products import EMPLOYEE_VCT, employee_query

Spoil = Callable[[Draft], None]


@dataclass
class Partner:
    """The agency with a holder's key, asking and answering in one place."""

    authority: Authority
    signer: Identity
    verifier: InroVerifier
    wallet: PresentationWallet
    holder: PrivateKey

    def present(
        self,
        spoil: Spoil,
        *,
        signer: Identity | None = None,
        body: JsonObject | None = None,
        between: Callable[[], object] = lambda: None,
    ) -> tuple[Reply, JsonObject]:
        """Drafts a good credential, spoils it, presents it; returns the answer and the verifier's result.

        `body` asks in another way than by a query for the employee number; `between` happens between request and answer.
        """
        signer = signer or self.signer
        claims = {
            "vct": EMPLOYEE_VCT,
            "iat": int(time.time()),
            "exp": int(time.time()) + 3600,
            "employee_number": "P0001",
            "post": "主任",
            "teams": ["A", "B"],
        }
        hidden = [("employee_number",), ("post",), ("teams", 0)]
        draft = draft_credential(claims, hidden, signer, public_jwk(self.holder), decoys=2)
        spoil(draft)
        created = self.verifier.create(body or {"dcql_query": employee_query(["employee_number"])})
        request = self.wallet.fetch(created["authorization_request"])
        between()
        presentation = self._bind(draft.sign(signer.key), request.client_id, request.parameters["nonce"])
        form = {"vp_token": f'{{"employee": ["{presentation}"]}}', "state": request.parameters["state"]}
        return self.wallet.post(request, form), self.verifier.result(created["id"])

    def _bind(self, sd_jwt: SdJwt, audience: str, nonce: str) -> SdJwt:
        return sd_jwt.bind(self.holder, audience=audience, nonce=nonce, issued_at=int(time.time()))


def header(**members: object) -> Spoil:
    """Replaces members of the JOSE header; None removes one."""

    def spoil(draft: Draft) -> None:
        draft.header = {name: value for name, value in (draft.header | members).items() if value is not None}

    return spoil


def claims(**members: object) -> Spoil:
    """Replaces claims; None removes one."""

    def spoil(draft: Draft) -> None:
        draft.payload = {name: value for name, value in (draft.payload | members).items() if value is not None}

    return spoil

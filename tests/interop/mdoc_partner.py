"""A partner agency that Inro's verifier trusts, whose mdocs the tests make by hand."""

from __future__ import annotations

import time
from dataclasses import dataclass

from inro_peers import mdoc
from inro_peers.jose import JsonObject, PrivateKey
from inro_peers.mdoc_response import device_response, document, request_transcript
from inro_peers.pki import Authority, Identity
from inro_peers.transport import Reply
from mdoc_counter import QUERY, Counter, vp_token
from mdoc_spoils import Spoil
from products import EMPLOYEE_DOCTYPE, EMPLOYEE_SPACE

CLAIMS: mdoc.NameSpaces = {EMPLOYEE_SPACE: {"employee_number": "P0001", "post": "主任"}}


@dataclass
class MdocPartner:
    """A partner agency with a holder's device, asking and answering in one place."""

    authority: Authority
    signer: Identity
    counter: Counter
    holder: PrivateKey

    def present(
        self,
        spoil: Spoil = lambda _: None,
        *,
        signer: Identity | None = None,
        device_claims: JsonObject | None = None,
        claims: mdoc.NameSpaces = CLAIMS,
        query: JsonObject = QUERY,
    ) -> tuple[Reply, JsonObject]:
        """Drafts a good mdoc, spoils it, presents it; returns the answer and the verifier's result."""
        signer = signer or self.signer
        draft = mdoc.draft_credential(EMPLOYEE_DOCTYPE, claims, signer, self.holder.public_key(), int(time.time()))
        spoil(draft)
        name, request = self.counter.ask(query)
        transcript = request_transcript(request.parameters, request.encryption_key)
        doctype = draft.mso.get("docType", EMPLOYEE_DOCTYPE)
        shown = document(doctype, draft.sign(signer.key), self.holder, transcript, device_claims)
        return self.counter.send(name, request, vp_token(request, [mdoc.to_text(device_response(shown))]))


def assert_taken(reply: Reply, result: JsonObject) -> None:
    """The relying system learns the claims of the unspoilt mdoc."""
    assert (reply.status, result["status"]) == (200, "verified"), reply.text
    assert [one["claims"] for one in result["credentials"]["employee"]] == [CLAIMS]

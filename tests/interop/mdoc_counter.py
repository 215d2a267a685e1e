"""Inro's verifier with a foreign wallet in front of it that holds mdocs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from inro_peers import mdoc, wallet_mdoc
from inro_peers.jose import JsonObject
from inro_peers.processes import InroVerifier
from inro_peers.transport import Reply
from inro_peers.wallet_mdoc import Device, HeldMdoc
from inro_peers.wallet_presentation import PresentationWallet, Request
from products import EMPLOYEE_SPACE, mdoc_query

QUERY = mdoc_query("employee_number", "post")
ASKED = {(EMPLOYEE_SPACE, "employee_number"), (EMPLOYEE_SPACE, "post")}
PLAIN, ENCRYPTED = "direct_post", "direct_post.jwt"


@dataclass
class Counter:
    """Inro's verifier with a foreign wallet in front of it."""

    verifier: InroVerifier
    wallet: PresentationWallet

    def ask(self, query: JsonObject = QUERY, mode: str = ENCRYPTED) -> tuple[str, Request]:
        """Asks for a presentation: its id, and the request as the wallet sees it."""
        body = query if "policy" in query else {"dcql_query": query}
        created = self.verifier.create(body | {"response_mode": mode})
        request = self.wallet.fetch(created["authorization_request"])
        assert request.parameters["response_mode"] == mode
        return created["id"], request

    def send(self, name: str, request: Request, form: dict[str, str]) -> tuple[Reply, JsonObject]:
        """Sends an answer; returns the reply and what the relying system learns."""
        return self.wallet.post(request, form), self.verifier.result(name)

    def show(
        self, held: list[HeldMdoc], device: Device = Device(), query: JsonObject = QUERY, mode: str = ENCRYPTED
    ) -> tuple[Reply, JsonObject]:
        """Asks and answers."""
        name, request = self.ask(query, mode)
        return self.send(name, request, wallet_mdoc.answer(request, held, device))

    def claims(self, *arguments: Any, **named: Any) -> JsonObject:
        """The claims of the one mdoc that `show` has verified."""
        reply, result = self.show(*arguments, **named)
        assert (reply.status, result["status"]) == (200, "verified"), result
        [[credential]] = result["credentials"].values()
        assert (credential["format"], credential["status"]) == (mdoc.FORMAT, "valid")
        claims = credential["claims"]
        assert isinstance(claims, dict)
        return claims


def vp_token(request: Request, shown: Any) -> dict[str, str]:
    """The response parameters around presentations that a test made."""
    return {"vp_token": json.dumps({"employee": shown}), "state": request.parameters["state"]}

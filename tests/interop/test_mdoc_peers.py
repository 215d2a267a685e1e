"""The foreign peers against one another with mdocs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from inro_peers import wallet_mdoc
from inro_peers.cose import CoseError
from inro_peers.dcql import DcqlError
from inro_peers.issuer import Options
from inro_peers.jose import JsonObject, new_key, public_jwk
from inro_peers.mdoc import MdocError
from inro_peers.mdoc_response import request_transcript
from inro_peers.pki import TrustError
from inro_peers.wallet_issuance import IssuanceError
from inro_peers.wallet_mdoc import Device, HeldMdoc
from inro_peers.wallet_presentation import Request
from products import EMPLOYEE_SPACE, FOREIGN_SPACE, ROLE_DOCTYPE, foreign_employee_mdoc, mdoc_query
from test_peers import ALL_OPTIONS, Field, field

QUERY = mdoc_query("employee_number", "grade")


def _receive(peers: Field) -> list[HeldMdoc]:
    return wallet_mdoc.receive(peers.issuance, peers.issuer.offer(), tx_code=peers.issuer.options.tx_code)


@pytest.mark.parametrize(("options", "copies"), [(Options(), 1), (ALL_OPTIONS, 3)], ids=["plain", "everything"])
def test_an_mdoc_travels_from_issuer_to_verifier(tmp_path: Path, options: Options, copies: int) -> None:
    with field(tmp_path, options, foreign_employee_mdoc()) as peers:
        held = _receive(peers)
        assert len(held) == copies
        assert held[0].verified.claims[FOREIGN_SPACE]["on_call"] is True
        session = peers.verifier.request(QUERY)
        request = peers.presentation.fetch(session.authorization_request)
        reply = peers.presentation.post(request, wallet_mdoc.answer(request, held))
        assert reply.status == 200, session.problem
        assert [one.claims for one in session.mdocs["employee"]] == [
            {EMPLOYEE_SPACE: {"employee_number": "F0001", "grade": 3}}
        ]


def _another_nonce(request: Request) -> list[Any]:
    return request_transcript(request.parameters | {"nonce": "another"}, None)


@pytest.mark.parametrize(
    "device",
    [
        Device(_another_nonce),
        Device(key=new_key()),
        Device(doctype=ROLE_DOCTYPE),
        Device(claims={EMPLOYEE_SPACE: {"grade": 9}}),
        Device(alter=lambda response: response["documents"].append(response["documents"][0])),
    ],
    ids=["nonce", "key", "document type", "device's elements", "two documents"],
)
def test_the_foreign_verifier_refuses_a_wrong_mdoc(tmp_path: Path, device: Device) -> None:
    with field(tmp_path, product=foreign_employee_mdoc()) as peers:
        held = _receive(peers)
        sessions = [peers.verifier.request(QUERY) for _ in range(2)]
        statuses = []
        for session, how in zip(sessions, (Device(), device), strict=True):
            request = peers.presentation.fetch(session.authorization_request)
            statuses.append(peers.presentation.post(request, wallet_mdoc.answer(request, held, how)).status)
        assert statuses == [200, 400]
        assert sessions[1].verified is None
        assert not sessions[1].mdocs


@pytest.mark.parametrize("query", [mdoc_query("clearance"), mdoc_query("grade", id="x", meta={"doctype_value": "x"})])
def test_the_foreign_wallet_sends_nothing_that_does_not_match(tmp_path: Path, query: JsonObject) -> None:
    with field(tmp_path, product=foreign_employee_mdoc()) as peers:
        held = _receive(peers)
        right, wrong = (
            peers.presentation.fetch(peers.verifier.request(one).authorization_request) for one in (QUERY, query)
        )
        assert wallet_mdoc.answer(right, held)
        with pytest.raises(DcqlError):
            wallet_mdoc.answer(wrong, held)


@pytest.mark.parametrize("what", ["key", "document type", "digest", "issuer"])
def test_the_foreign_wallet_keeps_no_wrong_mdoc(tmp_path: Path, what: str) -> None:
    with field(tmp_path, product=foreign_employee_mdoc()) as peers:
        assert _receive(peers)
        if what == "key":
            peers.issuer.alter["holder key"] = lambda _: public_jwk(new_key())
        elif what == "document type":
            peers.issuer.spoil = lambda draft: draft.mso.update(docType=f"{ROLE_DOCTYPE}.employee-id.1")
        elif what == "digest":
            peers.issuer.spoil = lambda draft: draft.mso["valueDigests"][EMPLOYEE_SPACE].pop(0)
        else:
            peers.issuance.anchors = []
        with pytest.raises((IssuanceError, MdocError, CoseError, TrustError)):
            _receive(peers)

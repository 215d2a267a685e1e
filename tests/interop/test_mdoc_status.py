"""Inro's verifier follows the status that a foreign wallet's mdocs name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import CLERK
from expectations import rejected_presentation
from inro_peers.processes import Binaries, InroIssuer, InroVerifier
from inro_peers.transport import HttpsClient
from inro_peers.wallet_mdoc import HeldMdoc
from inro_peers.wallet_presentation import PresentationWallet
from mdoc_counter import Counter
from products import EMPLOYEE_SPACE, EMPLOYEE_TYPE

HeldMdocs = Callable[..., list[HeldMdoc]]


@pytest.fixture
def new_counter(binaries: Binaries, issuer: InroIssuer, tmp_path: Path) -> Iterator[Callable[[str], Counter]]:
    """Makes counters whose verifiers have fetched no list yet."""
    services: list[InroVerifier] = []

    def start(name: str) -> Counter:
        service = InroVerifier(binaries, tmp_path / name)
        service.register_with(issuer)
        service.start()
        services.append(service)
        return Counter(service, PresentationWallet(HttpsClient(service.tls_ca), service.anchors))

    yield start
    for service in services:
        service.stop()


def test_an_mdoc_is_suspended_and_resumed(
    issuer: InroIssuer, mdocs: HeldMdocs, new_counter: Callable[[str], Counter]
) -> None:
    held = mdocs(EMPLOYEE_TYPE, employee=CLERK)

    def change(verb: str) -> None:
        arguments = ("--employee", CLERK, "--type", EMPLOYEE_TYPE, "--reason", "test", "--json")
        issuer.command("credential", verb, *arguments)

    assert new_counter("before").claims(held[:1])[EMPLOYEE_SPACE]["employee_number"] == CLERK
    change("suspend")
    try:
        reply, result = new_counter("meanwhile").show(held[1:2])
        rejected_presentation(reply, result)
        assert result["error"]["inro_code"] == "INRO-VERIFIER-061"
    finally:
        change("resume")
    assert new_counter("after").claims(held[2:])[EMPLOYEE_SPACE]["employee_number"] == CLERK

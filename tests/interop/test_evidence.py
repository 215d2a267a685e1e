"""The foreign checker of evidence against the bundles that Inro made and altered, and against alterations of its own."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path

import pytest

from inro_peers.evidence import Fault, check, read_bundle
from inro_peers.jose import JsonObject, Jws, b64url, b64url_decode, json_bytes, new_key, sign_jws
from inro_peers.processes import Binaries, InroWallet
from products import employee_query
from world import world

VERDICTS = json.loads((Path(__file__).resolve().parents[1] / "data/evidence-verdicts.json").read_text("utf-8"))
CASES: list[JsonObject] = VERDICTS["cases"]
GOOD: JsonObject = CASES[0]


def _good() -> JsonObject:
    """The unaltered bundle, which is taken."""
    assert check(GOOD["bundle"].encode()).tells == GOOD["records"]
    value = json.loads(GOOD["bundle"])
    assert isinstance(value, dict)
    return value


def _fault(bundle: JsonObject | bytes) -> tuple[str, int | None]:
    with pytest.raises(Fault) as caught:
        check(bundle if isinstance(bundle, bytes) else json_bytes(bundle))
    return caught.value.reason, caught.value.at


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_gives_each_bundle_the_verdict_of_the_specification(case: JsonObject) -> None:
    bundle = case["bundle"].encode()
    if "records" in case:
        assert check(bundle).tells == case["records"]
    else:
        assert _fault(bundle) == (case["reason"], case["at"])


def test_takes_every_beginning_and_no_other_selection_of_records() -> None:
    good = _good()
    receipts = good["receipts"]
    for length in range(1, len(receipts) + 1):
        assert check(json_bytes(good | {"receipts": receipts[:length]})).tells == GOOD["records"][:length]
    for picks in itertools.product(range(len(receipts)), repeat=3):
        if picks != (0, 1, 2):
            assert _fault(good | {"receipts": [receipts[at] for at in picks]})[0] in ("opening", "sequence")


def test_refuses_every_altered_character_of_a_record() -> None:
    receipts = _good()["receipts"]
    for at, receipt in enumerate(receipts):
        text = receipt["record"]
        for place in range(0, len(text), 7):
            other = "A" if text[place] != "A" else "B"
            altered = _good()
            altered["receipts"][at]["record"] = text[:place] + other + text[place + 1 :]
            reason, found = _fault(altered)
            assert found is not None and found <= at + 1, (reason, place)


def test_refuses_every_altered_byte_of_a_body_and_an_attachment() -> None:
    for at, receipt in enumerate(_good()["receipts"]):
        if "body" not in receipt:
            continue
        body = b64url_decode(receipt["body"])
        for place in range(len(body)):
            altered = _good()
            altered["receipts"][at]["body"] = b64url(body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :])
            assert _fault(altered) == ("body", at)
        for index, attachment in enumerate(receipt.get("attachments", [])):
            altered = _good()
            altered["receipts"][at]["attachments"][index] = b64url(b64url_decode(attachment) + b"!")
            assert _fault(altered) == ("attachment", at)


def test_refuses_a_chain_that_somebody_else_signs_on() -> None:
    bundle = _good()
    last = read_bundle(GOOD["bundle"].encode())[-1].record
    claims = json.loads(b64url_decode(last.split(".")[1]))
    bundle["receipts"][-1]["record"] = sign_jws({"typ": "inro-evidence+jwt"}, claims, new_key())
    assert _fault(bundle) == ("signature", len(bundle["receipts"]) - 1)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_takes_json_alone(word: str) -> None:
    assert _fault(GOOD["bundle"].replace('"version":1', f'"version":{word}').encode()) == ("malformed", None)


# Status of `inro-wallet verify-bundle`.
HOLDS, BROKEN = 0, 3
CODES = {
    "version": "INRO-EVIDENCE-003",
    "opening": "INRO-EVIDENCE-004",
    "chain": "INRO-EVIDENCE-005",
    "sequence": "INRO-EVIDENCE-006",
    "link": "INRO-EVIDENCE-007",
    "signature": "INRO-EVIDENCE-008",
    "body": "INRO-EVIDENCE-009",
    "attachment": "INRO-EVIDENCE-010",
    "reference": "INRO-EVIDENCE-011",
}


def _assert_agrees(binaries: Binaries, file: Path, bundle: bytes) -> bool:
    """Both checkers give the bundle the same verdict; whether it holds."""
    file.write_bytes(bundle)
    ended = binaries.run("inro-wallet", "verify-bundle", file, "--json", expect=None)
    try:
        chain = check(bundle)
    except Fault as fault:
        code = ended.json()["error"]["inro_code"]
        assert (ended.status, CODES.get(fault.reason, code)) == (BROKEN, code), fault
        return False
    said = ended.json()
    assert (ended.status, said["head"], len(said["records"])) == (HOLDS, chain.last, len(chain.tells))
    return True


def test_inro_wallet_gives_the_same_verdicts(binaries: Binaries, tmp_path: Path) -> None:
    for case in CASES:
        assert _assert_agrees(binaries, tmp_path / "bundle.json", case["bundle"].encode()) == ("records" in case)


def test_inro_wallet_agrees_about_bundles_altered_at_random(binaries: Binaries, tmp_path: Path) -> None:
    assert _good()
    choices = random.Random(20)
    good = GOOD["bundle"].encode()
    for _ in range(150):
        altered = bytearray(good)
        for _ in range(choices.choice((1, 1, 2))):
            altered[choices.randrange(len(good))] = choices.choice(b'{}[]",:0aA-_ ')
        _assert_agrees(binaries, tmp_path / "bundle.json", bytes(altered))


def test_the_history_of_a_holder_is_evidence_of_what_was_shown(inro_wallet: InroWallet, tmp_path: Path) -> None:
    with world(inro_wallet, tmp_path) as foreign:
        foreign.receive()
        foreign.assert_answers(foreign.verifier.request(employee_query(["department", "name"])))
    file = tmp_path / "evidence.json"
    inro_wallet.run("history", "export", file, "--yes")
    tells = check(file.read_bytes()).tells
    assert (tells[0], tells[-2:]) == ("opened", ["presented 1/1", "outcome 0/0"])
    presented = read_bundle(file.read_bytes())[-2]
    assert presented.body is not None
    detail = json.loads(presented.body)["detail"]
    assert detail["outcome"] == "begun"
    assert any(name.startswith("department") for name in detail["credentials"][0]["claims"])
    assert "福祉課" not in presented.body.decode(), "names of claims, not their values"
    [request] = presented.attachments
    assert request is not None
    asked = Jws.parse(request.decode("ascii"), typ="oauth-authz-req+jwt").payload
    assert asked["dcql_query"] == employee_query(["department", "name"])

    inro_wallet.run("history", "erase", "--all")
    inro_wallet.run("history", "export", tmp_path / "erased.json", "--yes")
    assert set(check((tmp_path / "erased.json").read_bytes()).tells[1:]) == {"absent"}

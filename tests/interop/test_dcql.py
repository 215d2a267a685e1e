"""The foreign DCQL room on its own: the rules of OpenID4VP 1.0 §6 and §7 that a wallet and a verifier share."""

from __future__ import annotations

from typing import Any

import pytest

from inro_peers import dcql
from inro_peers.jose import JsonObject
from inro_peers.paths import Component, PathError, select
from products import EMPLOYEE_VCT, ROLE_VCT, credential_query

# The example of OpenID4VP §7.3, shortened.
DOCUMENT: JsonObject = {
    "name": "Arthur Dent",
    "address": {"street": "42 Market Street", "city": "Milliways"},
    "degrees": [{"type": "Bachelor"}, {"type": "Master"}],
    "grade": 1,
    "chief": True,
}


@pytest.mark.parametrize(
    ("pointer", "values"),
    [
        (["name"], ["Arthur Dent"]),
        (["address", "city"], ["Milliways"]),
        (["degrees", None, "type"], ["Bachelor", "Master"]),
        (["degrees", 1, "type"], ["Master"]),
    ],
)
def test_a_pointer_selects(pointer: list[Component], values: list[Any]) -> None:
    assert [value for _, value in select(DOCUMENT, pointer)] == values


@pytest.mark.parametrize(
    "pointer", [[], ["unknown"], ["name", "first"], ["name", 0], ["address", None], ["degrees", 2], ["degrees", -1]]
)
def test_a_pointer_to_nothing_is_an_error(pointer: list[Component]) -> None:
    assert select(DOCUMENT, ["name"])
    with pytest.raises(PathError):
        select(DOCUMENT, pointer)


@pytest.mark.parametrize(
    ("path", "wanted", "matches"),
    [("grade", 1, True), ("grade", True, False), ("grade", "1", False), ("chief", True, True), ("chief", 1, False)],
)
def test_values_match_by_type_and_value(path: str, wanted: Any, *, matches: bool) -> None:
    entry = credential_query("one", EMPLOYEE_VCT, [{"path": [path], "values": [wanted]}])
    assert (dcql.locations_to_disclose(entry, EMPLOYEE_VCT, DOCUMENT) is not None) == matches


def test_only_the_matching_elements_are_shown() -> None:
    entry = credential_query("one", EMPLOYEE_VCT, [{"path": ["degrees", None, "type"], "values": ["Master"]}])
    assert dcql.locations_to_disclose(entry, EMPLOYEE_VCT, DOCUMENT) == [("degrees", 1, "type")]


def test_another_type_does_not_match() -> None:
    entry = credential_query("one", EMPLOYEE_VCT, [{"path": ["name"]}])
    assert dcql.locations_to_disclose(entry, EMPLOYEE_VCT, DOCUMENT) == [("name",)]
    assert dcql.locations_to_disclose(entry, ROLE_VCT, DOCUMENT) is None


def test_the_first_claim_set_that_can_be_met_is_taken() -> None:
    claims: list[JsonObject] = [{"id": "a", "path": ["unknown"]}, {"id": "b", "path": ["name"]}]
    entry = credential_query("one", EMPLOYEE_VCT, claims, claim_sets=[["a", "b"], ["b"]])
    assert dcql.locations_to_disclose(entry, EMPLOYEE_VCT, DOCUMENT) == [("name",)]


def test_credential_sets_choose_among_options() -> None:
    query: JsonObject = {
        "credentials": [credential_query(name, EMPLOYEE_VCT, [{"path": ["name"]}]) for name in ("a", "b", "c")],
        "credential_sets": [{"options": [["a", "b"], ["c"]]}, {"options": [["b"]], "required": False}],
    }
    assert dcql.ids_to_answer(query, {"a", "b", "c"}) == ["a", "b"]
    assert dcql.ids_to_answer(query, {"b", "c"}) == ["c"]
    with pytest.raises(dcql.DcqlError):
        dcql.ids_to_answer(query, {"a"})


def test_a_verifier_counts_what_it_got() -> None:
    entry = credential_query("one", EMPLOYEE_VCT, [{"path": ["name"]}])
    query: JsonObject = {"credentials": [entry]}
    right = (EMPLOYEE_VCT, DOCUMENT)
    dcql.check_answer(query, {"one": [right]})
    wrong_answers: list[dict[str, list[tuple[str, JsonObject]]]] = [
        {},
        {"one": []},
        {"one": [right, right]},
        {"two": [right]},
        {"one": [(ROLE_VCT, DOCUMENT)]},
    ]
    for wrong in wrong_answers:
        with pytest.raises(dcql.DcqlError):
            dcql.check_answer(query, wrong)
    dcql.check_answer({"credentials": [entry | {"multiple": True}]}, {"one": [right, right]})

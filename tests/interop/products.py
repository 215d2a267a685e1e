"""What the tests issue and ask for, in the claims of the two credential types."""

from __future__ import annotations

from typing import Any

from inro_peers.cbor import DATE_TIME, Tagged
from inro_peers.issuer import MdocProduct, Product
from inro_peers.jose import JsonObject
from inro_peers.sdjwt_vc import FORMAT

EMPLOYEE_TYPE = "employee-id"
EMPLOYEE_VCT = "urn:inro:employee-id:1"
EMPLOYEE_CONFIGURATION = f"{EMPLOYEE_TYPE}.{FORMAT}"
ROLE_TYPE = "role-authority"
ROLE_VCT = "urn:inro:role-authority:1"
ROLE_CONFIGURATION = f"{ROLE_TYPE}.{FORMAT}"
EMPLOYEE_DOCTYPE = EMPLOYEE_SPACE = "inro.employee-id.1"
ROLE_DOCTYPE = ROLE_SPACE = "inro.role-authority.1"
POWERS_SPACE = "inro.role-authority.powers.1"
FOREIGN_SPACE = "foreign.employee.1"
# The CBOR tag of a calendar date (RFC 8943).
FULL_DATE = 1004
# Elements of every further kind that CBOR has, and the JSON that RFC 8949 §6.1 makes of each.
ODD_ELEMENTS: dict[str, Any] = {
    "since": Tagged(FULL_DATE, "2020-04-01"),
    "changed": Tagged(DATE_TIME, "2020-04-01T09:00:00Z"),
    "photo": bytes([255, 216, 255, 224]),
    "balance": -17,
    "serial": 2**53 + 1,
    "height": 1.75,
    "nothing": None,
    "address": {"floor": 3, "rooms": ["301", "302"], "key": bytes([251, 255])},
}
ODD_JSON: JsonObject = {
    "since": "2020-04-01",
    "changed": "2020-04-01T09:00:00Z",
    "photo": "_9j_4A",
    "balance": -17,
    "serial": 2**53 + 1,
    "height": 1.75,
    "nothing": None,
    "address": {"floor": 3, "rooms": ["301", "302"], "key": "-_8"},
}

ClaimPath = list[str | int | None]


def foreign_employee_id() -> Product:
    """The employee id as a foreign agency issues it, all names and numbers invented.

    Unlike Inro's own, it hides `agency` and `department` as wholes, with their members hidden once more inside: the
    recursive disclosures of RFC 9901 §4.2.6.
    """
    claims: JsonObject = {
        "employee_number": "F0001",
        "name_kanji": "外部 花子",
        "name_kana": "ガイブ ハナコ",
        "agency": {"code": "999999", "name": "架空町"},
        "department": {"code": "D01", "name": "福祉課"},
        "post": "主任",
        "employment": "permanent",
    }
    nested = [(name, member) for name in ("agency", "department") for member in ("code", "name")]
    return Product(EMPLOYEE_CONFIGURATION, EMPLOYEE_VCT, claims, [*((name,) for name in claims), *nested])


def foreign_employee_mdoc() -> MdocProduct:
    """The same as an mdoc, with a name space of the foreign agency's own."""
    claims: dict[str, dict[str, Any]] = {
        EMPLOYEE_SPACE: {
            "employee_number": "F0001",
            "name_kanji": "外部 花子",
            "agency_name": "架空町",
            "post": "主任",
            "grade": 3,
        },
        FOREIGN_SPACE: {"on_call": True, "teams": ["A", "B"], **ODD_ELEMENTS},
    }
    return MdocProduct("employee-id.mso_mdoc", EMPLOYEE_DOCTYPE, claims)


def employee_query(*paths: ClaimPath) -> JsonObject:
    """Asks for claims of one employee id."""
    return {"credentials": [credential_query("employee", EMPLOYEE_VCT, [{"path": path} for path in paths])]}


def credential_query(name: str, vct: str, claims: list[JsonObject], **members: Any) -> JsonObject:
    """One credential query; `members` are added to it."""
    return {"id": name, "format": FORMAT, "meta": {"vct_values": [vct]}, "claims": claims, **members}


def mdoc_query(*elements: str, **members: Any) -> JsonObject:
    """Asks for elements of one employee id as an mdoc; `members` are added to the credential query."""
    claims = [{"path": [EMPLOYEE_SPACE, element]} for element in elements]
    return {"credentials": [mdoc_credential_query("employee", EMPLOYEE_DOCTYPE, claims, **members)]}


def mdoc_credential_query(name: str, doctype: str, claims: list[JsonObject], **members: Any) -> JsonObject:
    """One credential query for an mdoc."""
    asked = {"claims": claims} if claims else {}
    return {"id": name, "format": "mso_mdoc", "meta": {"doctype_value": doctype}} | asked | members

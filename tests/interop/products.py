"""What the tests issue and ask for: an employee credential of a fictitious agency."""

from __future__ import annotations

from inro_peers.issuer import Product
from inro_peers.jose import JsonObject
from inro_peers.sdjwt_vc import FORMAT

EMPLOYEE_VCT = "urn:inro:employee-id:1"
ROLE_VCT = "urn:inro:role-authority:1"


def foreign_employee_id() -> Product:
    """The employee id as a foreign agency issues it: every claim selectively disclosable."""
    claims: JsonObject = {
        "employee_number": "F0001",
        "name": "Hanako Sample",
        "agency": {"code": "999999", "name": "Foreign Town"},
        "department": {"name": "Welfare Division"},
        "post": "Chief",
    }
    return Product("employee-id.dc+sd-jwt", EMPLOYEE_VCT, claims, [(name,) for name in claims])


def employee_query(claims: list[str]) -> JsonObject:
    """Asks for top-level claims of one employee id."""
    return {
        "credentials": [
            {
                "id": "employee",
                "format": FORMAT,
                "meta": {"vct_values": [EMPLOYEE_VCT]},
                "claims": [{"path": [name]} for name in claims],
            }
        ]
    }

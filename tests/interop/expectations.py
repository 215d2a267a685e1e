"""What the tests say about Inro's answers, in one place."""

from __future__ import annotations

import re

from inro_peers.jose import JsonObject
from inro_peers.processes import Finished
from inro_peers.transport import Reply

_CODE = re.compile(r"INRO-[A-Z]+-\d{3}")
_CODE_IN_TEXT = re.compile(rf"\[{_CODE.pattern}\]")

DONE = 0
FAILED = 1
REFUSED = 3


def refused(reply: Reply, status: int, *errors: str) -> JsonObject:
    """The answer is an OAuth error, one of `errors`, with Inro's code beside it and not cacheable.

    Source: RFC 6749 §5.2, OpenID4VCI §8.3.1.2.
    """
    assert reply.status == status, f"{reply.status}: {reply.text}"
    body = reply.json()
    assert body["error"] in errors, body
    assert coded(body)
    assert "no-store" in reply.headers.get("cache-control", "")
    return body


def refused_by_resource(reply: Reply, *errors: str) -> None:
    """The answer is 401 with a DPoP challenge that names one of `errors`. Source: RFC 9449 §7.1 and §9."""
    assert reply.status == 401, f"{reply.status}: {reply.text}"
    challenge = reply.headers.get("www-authenticate", "")
    assert challenge.startswith("DPoP"), challenge
    assert any(f'error="{error}"' in challenge for error in errors), challenge
    assert coded(reply.json())


def rejected_presentation(reply: Reply, result: JsonObject) -> None:
    """A verifier refused an answer with a code, and the relying system learns no claim of it."""
    assert reply.status == 400, f"{reply.status}: {reply.text}"
    assert coded(reply.json())
    assert result["status"] in {"pending", "rejected"}, result
    assert not result.get("credentials")


def coded(body: JsonObject) -> bool:
    """Whether an error carries a well-formed `inro_code` and a request id."""
    return bool(_CODE.fullmatch(str(body.get("inro_code")))) and bool(body.get("request_id"))


def coded_text(error: JsonObject) -> bool:
    """Whether an error of a command's document carries a code, a cause and a remedy."""
    return bool(_CODE.fullmatch(str(error.get("inro_code")))) and bool(error.get("cause")) and bool(error.get("remedy"))


def ended_with_code(finished: Finished, *statuses: int) -> None:
    """A command ended with one of the statuses and told its reason with a code."""
    assert finished.status in statuses, finished
    assert _CODE_IN_TEXT.search(finished.stderr) or _CODE.search(finished.stdout), finished

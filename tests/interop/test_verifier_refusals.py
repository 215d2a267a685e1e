"""A foreign wallet that misbehaves towards Inro's verifier: first the unaltered answer, then one change."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from conftest import CLERK
from expectations import coded
from inro_peers import jwe
from inro_peers.issuer import ForeignIssuer
from inro_peers.jose import JsonObject, Jws, new_key, public_jwk, sign_jws
from inro_peers.processes import InroVerifier
from inro_peers.sdjwt import SdJwt
from inro_peers.transport import HttpsClient, Reply
from inro_peers.wallet_issuance import HeldCredential, IssuanceWallet
from inro_peers.wallet_presentation import Binding, PresentationWallet, Request
from products import EMPLOYEE_TYPE, EMPLOYEE_VCT, ROLE_TYPE, credential_query, foreign_employee_id

Held = Callable[..., list[HeldCredential]]
Form = dict[str, str]


@dataclass
class Asked:
    """A presentation that was asked for, and the wallet's view of it."""

    verifier: InroVerifier
    wallet: PresentationWallet
    id: str
    request: Request

    def answer(self, held: list[HeldCredential], binding: Binding = Binding()) -> Form:
        """The answer as it should be, but for `binding`."""
        return self.wallet.answer(self.request, held, binding)

    def post(self, form: Form) -> Reply:
        """Sends an answer."""
        return self.wallet.post(self.request, form)

    @property
    def result(self) -> JsonObject:
        """What the relying system learns."""
        return self.verifier.result(self.id)

    def assert_refuses(self, form: Form) -> None:
        """The answer is refused with a code, and the relying system gets no claim of it."""
        reply = self.post(form)
        assert reply.status == 400, f"{reply.status}: {reply.text}"
        assert coded(reply.json())
        result = self.result
        assert result["status"] in {"pending", "rejected"}, result
        assert not result.get("credentials")
        if result["status"] == "rejected":
            assert coded(result["error"])


Ask = Callable[..., Asked]


@pytest.fixture
def ask(verifier: InroVerifier, presentation: PresentationWallet) -> Ask:
    """Asks for an identification, or what `body` says."""

    def start(body: JsonObject | None = None) -> Asked:
        created = verifier.create(body or {"policy": "identify-employee"})
        return Asked(verifier, presentation, created["id"], presentation.fetch(created["authorization_request"]))

    return start


@pytest.fixture
def credentials(held: Held) -> list[HeldCredential]:
    """An employee id whose unaltered presentation the verifier takes."""
    return held(EMPLOYEE_TYPE)


@pytest.fixture
def accepted(ask: Ask, credentials: list[HeldCredential]) -> Asked:
    """The proof of that: a presentation that ended well."""
    asked = ask()
    assert asked.post(asked.answer(credentials)).status == 200
    assert asked.result["status"] == "verified"
    return asked


@pytest.mark.parametrize(
    "binding",
    [
        Binding(nonce="n-of-another-transaction"),
        Binding(audience="x509_hash:Uvo3HtuIxuhC92rShpgqcT3YXwrqRxWEviRiA0OZszk"),
        Binding(issued_at=1),
        Binding(issued_at=32_503_680_000),
        Binding(alter=lambda shown: shown.forging("T0009")),
        Binding(alter=lambda shown: replace(shown, disclosures=shown.disclosures[1:])),
        Binding(alter=lambda shown: replace(shown, disclosures=(*shown.disclosures, shown.disclosures[0]))),
    ],
    ids=["nonce", "audience", "too old", "from the future", "forged claim", "claim left out", "claim sent twice"],
)
@pytest.mark.usefixtures("accepted")
def test_refuses_an_altered_presentation(ask: Ask, credentials: list[HeldCredential], binding: Binding) -> None:
    asked = ask()
    asked.assert_refuses(asked.answer(credentials[1:], binding))


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({"typ": "JWT"}, {}),
        ({"typ": None}, {}),
        ({"alg": "none"}, {}),
        ({"crit": ["x"], "x": 1}, {}),
        ({}, {"iat": None}),
        ({}, {"aud": None}),
        ({}, {"nonce": None}),
        ({}, {"nonce": 1}),
        ({}, {"sd_hash": None}),
        ({}, {"sd_hash": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}),
        ({}, {"exp": 1}),
    ],
    ids=[
        *("typ", "no typ", "alg none", "crit", "no iat", "no aud", "no nonce", "nonce is a number"),
        *("no sd_hash", "another sd_hash", "expired"),
    ],
)
@pytest.mark.usefixtures("accepted")
def test_refuses_a_wrong_key_binding(
    ask: Ask, credentials: list[HeldCredential], header: JsonObject, claims: JsonObject
) -> None:
    """Source: RFC 9901 §4.3 and §7.3 step 5."""
    asked = ask()
    form = asked.answer(credentials[1:])
    [[text]] = json.loads(form["vp_token"]).values()
    shown = SdJwt.parse(text)
    assert shown.key_binding is not None
    right = Jws.parse(shown.key_binding)
    wrong_header = {name: value for name, value in (right.header | header).items() if value is not None}
    wrong_claims = {name: value for name, value in (right.payload | claims).items() if value is not None}
    wrong = replace(shown, key_binding=sign_jws(wrong_header, wrong_claims, credentials[1].key))
    asked.assert_refuses(form | _same_ids(form, [str(wrong)]))


def test_refuses_an_audience_without_its_prefix(ask: Ask, accepted: Asked, credentials: list[HeldCredential]) -> None:
    asked = ask()
    _, _, bare = accepted.request.client_id.partition(":")
    asked.assert_refuses(asked.answer(credentials[1:], Binding(audience=bare)))


@pytest.mark.usefixtures("accepted")
def test_refuses_disclosures_reordered_after_signing(ask: Ask, credentials: list[HeldCredential]) -> None:
    asked = ask()
    form = asked.answer(credentials[1:])
    [[text]] = json.loads(form["vp_token"]).values()
    issuer_jwt, first, *rest = text.split("~")
    changed = "~".join([issuer_jwt, *rest[:-1], first, rest[-1]])
    asked.assert_refuses(form | _same_ids(form, [changed]))


@pytest.mark.usefixtures("accepted")
def test_refuses_a_presentation_without_its_key_binding(ask: Ask, credentials: list[HeldCredential]) -> None:
    asked = ask()
    form = asked.answer(credentials[1:])
    [[text]] = json.loads(form["vp_token"]).values()
    unbound = text.rpartition("~")[0] + "~"
    asked.assert_refuses(form | _same_ids(form, [unbound]))


@pytest.mark.usefixtures("accepted")
def test_refuses_a_key_binding_by_another_key(ask: Ask, credentials: list[HeldCredential]) -> None:
    asked = ask()
    asked.assert_refuses(asked.answer([replace(credentials[1], key=new_key())]))


@pytest.mark.usefixtures("accepted")
def test_refuses_two_presentations_where_one_was_asked(ask: Ask, credentials: list[HeldCredential]) -> None:
    asked = ask()
    forms = [asked.answer([copy]) for copy in credentials[1:]]
    texts = [json.loads(form["vp_token"])[name][0] for form in forms for name in json.loads(form["vp_token"])]
    assert len(texts) == 2
    asked.assert_refuses(forms[0] | _same_ids(forms[0], texts))


@pytest.mark.parametrize(
    "vp_token",
    ["", "not JSON", "[]", "{}", '{"another": ["x~"]}', '{"employee": "x~"}', '{"employee": []}'],
    ids=["empty", "no JSON", "no object", "no answer", "other id", "no array", "no presentation"],
)
@pytest.mark.usefixtures("accepted")
def test_refuses_a_malformed_vp_token(ask: Ask, credentials: list[HeldCredential], vp_token: str) -> None:
    asked = ask()
    form = asked.answer(credentials[1:])
    [name] = json.loads(form["vp_token"])
    asked.assert_refuses(form | {"vp_token": vp_token.replace("employee", name)})


def _recipient(asked: Asked) -> JsonObject:
    [key] = asked.request.parameters["client_metadata"]["jwks"]["keys"]
    return dict(key)


def _reply(asked: Asked, encrypted: str) -> Reply:
    """Posts an encrypted response as it is."""
    request = replace(asked.request, parameters=asked.request.parameters | {"response_mode": "direct_post"})
    return asked.wallet.post(request, {"response": encrypted})


@pytest.mark.parametrize("enc", ["A128GCM", "A256GCM"])
@pytest.mark.usefixtures("accepted")
def test_reads_each_content_encryption_that_it_offers(ask: Ask, credentials: list[HeldCredential], enc: str) -> None:
    asked = ask()
    assert enc in asked.request.parameters["client_metadata"]["encrypted_response_enc_values_supported"]
    form = asked.answer(credentials[1:])
    payload = form | {"vp_token": json.loads(form["vp_token"])}
    assert _reply(asked, jwe.encrypt(payload, _recipient(asked), enc)).status == 200


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "another"},
        {"kid": None},
        {"alg": "dir"},
        {"enc": "A192GCM"},
        {"zip": "DEF"},
        {"crit": ["exp"], "exp": 1},
    ],
    ids=["other kid", "no kid", "alg", "enc", "zip", "crit"],
)
@pytest.mark.usefixtures("accepted")
def test_refuses_a_wrong_encryption_header(ask: Ask, credentials: list[HeldCredential], header: JsonObject) -> None:
    asked = ask()
    form = asked.answer(credentials[1:])
    payload = form | {"vp_token": json.loads(form["vp_token"])}
    reply = _reply(asked, jwe.encrypt(payload, _recipient(asked), "A128GCM", header))
    assert reply.status == 400
    assert coded(reply.json())
    assert not asked.result.get("credentials")


@pytest.mark.usefixtures("accepted")
def test_refuses_an_encryption_to_another_key_or_altered(ask: Ask, credentials: list[HeldCredential]) -> None:
    asked = ask()
    form = asked.answer(credentials[1:])
    payload = form | {"vp_token": json.loads(form["vp_token"])}
    other = public_jwk(new_key()) | {"kid": _recipient(asked)["kid"]}
    header, key, iv, ciphertext, tag = jwe.encrypt(payload, _recipient(asked), "A128GCM").split(".")
    flipped = "B" if ciphertext.startswith("A") else "A"
    altered = ".".join((header, key, iv, flipped + ciphertext[1:], tag))
    for wrong in (jwe.encrypt(payload, other, "A128GCM"), altered, altered.rpartition(".")[0]):
        reply = _reply(asked, wrong)
        assert reply.status == 400
        assert coded(reply.json())
        assert not asked.result.get("credentials")


@pytest.mark.usefixtures("accepted")
def test_refuses_a_plain_answer_where_encryption_was_asked(ask: Ask, credentials: list[HeldCredential]) -> None:
    asked = ask()
    request = replace(asked.request, parameters=asked.request.parameters | {"response_mode": "direct_post"})
    reply = asked.wallet.post(request, asked.answer(credentials[1:]))
    assert reply.status == 400
    assert coded(reply.json())
    assert not asked.result.get("credentials")


def test_refuses_an_answer_to_an_answered_request(accepted: Asked, credentials: list[HeldCredential]) -> None:
    before = accepted.result
    _assert_answered_before(accepted.post(accepted.answer(credentials[1:])))
    assert accepted.result == before


def test_refuses_the_very_same_answer_a_second_time(ask: Ask, credentials: list[HeldCredential]) -> None:
    asked = ask()
    form = asked.answer(credentials)
    assert asked.post(form).status == 200
    _assert_answered_before(asked.post(form))


def test_of_many_answers_at_once_one_is_taken(ask: Ask, credentials: list[HeldCredential]) -> None:
    asked = ask()
    forms = [asked.answer([copy]) for copy in credentials]
    with ThreadPoolExecutor(len(forms)) as pool:
        taken, *others = sorted(pool.map(asked.post, forms), key=lambda reply: reply.status)
    assert taken.status == 200
    for reply in others:
        _assert_answered_before(reply)
    assert asked.result["status"] == "verified"


def test_refuses_an_answer_meant_for_another_request(ask: Ask, credentials: list[HeldCredential]) -> None:
    first, second = ask(), ask()
    form = first.answer(credentials)
    second.assert_refuses(form | {"state": second.request.parameters["state"]})
    assert first.post(form).status == 200


@pytest.mark.parametrize("state", ["another", None], ids=["another state", "no state"])
@pytest.mark.usefixtures("accepted")
def test_refuses_a_wrong_state(ask: Ask, credentials: list[HeldCredential], state: str | None) -> None:
    asked = ask()
    form = asked.answer(credentials[1:])
    del form["state"]
    asked.assert_refuses(form | ({"state": state} if state else {}))


@pytest.fixture
def strangers_credential(tmp_path: Path) -> Iterator[list[HeldCredential]]:
    """The same type of credential from an agency that the verifier does not trust."""
    with ForeignIssuer(foreign_employee_id(), EMPLOYEE_TYPE) as stranger:
        https = HttpsClient(stranger.tls_authority.write(tmp_path / "stranger-tls.pem"))
        yield IssuanceWallet(https, [stranger.authority.certificate]).receive(stranger.offer())


@pytest.mark.usefixtures("accepted")
def test_refuses_a_credential_of_an_unknown_issuer(ask: Ask, strangers_credential: list[HeldCredential]) -> None:
    asked = ask()
    asked.assert_refuses(asked.answer(strangers_credential))


@pytest.mark.usefixtures("accepted")
def test_refuses_a_credential_of_another_type(ask: Ask, credentials: list[HeldCredential], held: Held) -> None:
    asked = ask()
    form = asked.answer(credentials[1:])
    role = held(ROLE_TYPE)[0]
    bound = role.verified.sd_jwt.disclosing([], role.verified.processed).bind(
        role.key, audience=asked.request.client_id, nonce=asked.request.parameters["nonce"], issued_at=int(time.time())
    )
    asked.assert_refuses(form | _same_ids(form, [str(bound)]))


def test_refuses_a_value_that_was_not_asked_for(ask: Ask, held: Held) -> None:
    """The wallet answers although its value differs: the verifier must see that itself (OpenID4VP §14.11)."""
    claim: JsonObject = {"path": ["post"], "values": ["課長"]}
    body: JsonObject = {"dcql_query": {"credentials": [credential_query("one", EMPLOYEE_VCT, [claim])]}}
    right = ask(body)
    assert right.post(right.answer(held(EMPLOYEE_TYPE))).status == 200
    assert right.result["status"] == "verified"

    wrong = ask(body)
    clerk = held(EMPLOYEE_TYPE, employee=CLERK)
    careless = {"credentials": [credential_query("one", EMPLOYEE_VCT, [{"path": ["post"]}])]}
    request = replace(wrong.request, parameters=wrong.request.parameters | {"dcql_query": careless})
    wrong.assert_refuses(wrong.wallet.answer(request, clerk))


@pytest.mark.usefixtures("accepted")
def test_takes_a_refusal_by_the_holder(ask: Ask) -> None:
    asked = ask()
    reply = asked.post({"error": "access_denied", "state": asked.request.parameters["state"]})
    assert reply.status == 200, reply.text
    assert asked.result["status"] == "rejected"
    assert coded(asked.result["error"])


def test_a_request_that_nobody_made_is_not_found(accepted: Asked) -> None:
    https = HttpsClient(accepted.verifier.tls_ca)
    url = f"{accepted.verifier.url}/openid4vp/requests/nobody-made-this"
    assert https.request("GET", url).status == 404


@pytest.mark.parametrize("token", [None, "wrong"], ids=["no token", "another token"])
def test_the_api_asks_for_its_token(accepted: Asked, token: str | None) -> None:
    https = HttpsClient(accepted.verifier.tls_ca)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    reply = https.request("GET", f"{accepted.verifier.url}/v1/presentations/{accepted.id}", headers)
    assert reply.status == 401, reply.text
    assert reply.media_type == "application/problem+json"
    assert coded(reply.json())


def _assert_answered_before(reply: Reply) -> None:
    assert reply.status == 409, reply.text
    assert coded(reply.json())


def _same_ids(form: Form, texts: list[str]) -> Form:
    """A VP token with other presentations under the id that `form` answers."""
    [name] = json.loads(form["vp_token"])
    return {"vp_token": json.dumps({name: texts})}

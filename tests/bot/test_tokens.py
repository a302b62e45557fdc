"""Which tokens are believed: every claim, every algorithm, and tokens that nobody honest makes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm

from graph_comms import Cloud
from graph_comms.bot import testing
from graph_comms.bot.claims import Claims, TokenError, tenant_allowed, verify
from graph_comms.bot.keys import StaticKeys
from graph_comms.bot.testing import Signer
from graph_comms.bot.trust import Trust

APP = "0efc74f7-41c3-47a4-8775-7259bfef4241"
TENANT = "1fdd12d0-4620-44ed-baec-459b611f84b2"
LONG_TENANT = "http://schemas.microsoft.com/identity/claims/tenantid"
SECONDS = int(datetime.now(UTC).timestamp())
NOW = datetime.fromtimestamp(SECONDS, UTC)


@pytest.fixture(autouse=True, scope="module")
def _time_stands() -> Iterator[None]:
    """Sign every token at the same time, however long after it the test is run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(testing, "time", SimpleNamespace(time=NOW.timestamp))
        yield


SIGNER = Signer(APP)
assert isinstance(SIGNER.trust.keys, StaticKeys)
KEYS = SIGNER.trust.keys.keys
(KID,) = KEYS
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def verified(token: str, trust: Trust = SIGNER.trust, now: datetime = NOW) -> Claims:
    return verify(token, APP, trust, KEYS, now)


def refusal(token: str, **changes: Any) -> str:
    """Return why a token is refused."""
    with pytest.raises(TokenError) as caught:
        verified(token, **changes)
    if token:
        assert token not in str(caught.value) + repr(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value.reason


def segment(value: object) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def assembled(header: object, payload: object, signature: bytes = b"none") -> str:
    return f"{segment(header)}.{segment(payload)}.{segment(signature)}"


def good_claims(**claims: object) -> dict[str, object]:
    return {"iss": "https://api.botframework.com", "aud": APP, "exp": SECONDS + 60, **claims}


def test_a_token_of_the_service_is_believed() -> None:
    claims = verified(SIGNER.sign(tid=TENANT, exp=SECONDS + 3900, serviceurl="x"))
    assert claims.issuer == "https://api.botframework.com"
    assert claims.audience == APP
    assert claims.tenant_id == TENANT
    assert claims.expires == datetime.fromtimestamp(SECONDS + 3900, UTC)
    assert claims.raw["serviceurl"] == "x"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "https://api.botframework.com.evil.example"}, "the issuer is not trusted"),
        ({"iss": "https://api.botframework.com//"}, "the issuer is not trusted"),
        ({"iss": "https://API.botframework.com"}, "the issuer is not trusted"),
        ({"iss": "https://login.microsoftonline.com"}, "the issuer is not trusted"),
        ({"iss": None}, "the issuer is not trusted"),
        ({"iss": ["https://api.botframework.com"]}, "the issuer is not trusted"),
        ({"iss": 7}, "the issuer is not trusted"),
        ({"aud": "another"}, "the token is for another audience"),
        ({"aud": APP.upper()}, "the token is for another audience"),
        ({"aud": None}, "the token is for another audience"),
        ({"aud": []}, "the token is for another audience"),
        ({"aud": {APP: 1}}, "the token is for another audience"),
        ({"aud": ["another", 7]}, "the token is for another audience"),
        ({"exp": None}, "the token has no exp"),
        ({"exp": SECONDS - 301}, "the token expired 301 seconds ago"),
        ({"exp": 0}, f"the token expired {SECONDS} seconds ago"),
        ({"exp": str(SECONDS + 60)}, "the exp of the token is not a date"),
        ({"exp": True}, "the exp of the token is not a date"),
        ({"exp": [SECONDS]}, "the exp of the token is not a date"),
        ({"exp": float("inf")}, "the exp of the token is not a date"),
        ({"exp": float("nan")}, "the exp of the token is not a date"),
        ({"exp": -1}, "the exp of the token is not a date"),
        ({"exp": 10**4000}, "the exp of the token is not a date"),
        ({"nbf": SECONDS + 302}, "the token is not valid for another 302 seconds"),
        ({"nbf": str(SECONDS)}, "the nbf of the token is not a date"),
        ({"tid": TENANT, LONG_TENANT: APP}, "the token does not name one tenant"),
        ({"tid": 7}, "the token does not name one tenant"),
        ({"tid": "\ud800"}, "the token does not name one tenant"),
        ({"tid": [TENANT]}, "the token does not name one tenant"),
    ],
    ids=lambda _: "",
)
def test_wrong_claims_are_refused(claims: Mapping[str, object], reason: str) -> None:
    assert refusal(SIGNER.sign(**claims)) == reason


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://api.botframework.com/"},
        {"iss": "https://graph.microsoft.com"},
        {"aud": ["another", APP]},
        {"exp": SECONDS - 299},
        {"exp": SECONDS + 0.5},
        {"nbf": SECONDS + 299},
        {"nbf": None, "iat": None},
        {"iat": SECONDS + 10_000},  # says nothing about whether the token is valid
        {"sub": 7, "jti": 7},
    ],
    ids=lambda _: "claims",
)
def test_what_the_service_may_send_is_believed(claims: Mapping[str, object]) -> None:
    assert verified(SIGNER.sign(**claims)).audience == APP


@pytest.mark.parametrize(
    ("claims", "tenant"),
    [
        ({"tid": TENANT}, TENANT),
        ({LONG_TENANT: TENANT}, TENANT),
        ({"tid": TENANT, LONG_TENANT: TENANT}, TENANT),
        ({"tid": "", LONG_TENANT: TENANT}, TENANT),
        ({"tid": ""}, None),
        ({}, None),
    ],
)
def test_the_tenant_has_two_names(claims: Mapping[str, object], tenant: str | None) -> None:
    assert verified(SIGNER.sign(**claims)).tenant_id == tenant


def test_issuers_of_a_trust_may_have_the_slash_too() -> None:
    trust = replace(SIGNER.trust, issuers={"https://api.botframework.us/"})
    assert verified(SIGNER.sign(iss="https://api.botframework.us"), trust).issuer
    assert refusal(SIGNER.sign(), trust=trust) == "the issuer is not trusted"


def test_the_token_of_the_government_that_was_seen_has_the_global_issuer() -> None:
    trust = replace(Trust.US_GOV, keys=SIGNER.trust.keys)
    assert verified(SIGNER.sign(iss="https://api.botframework.com/"), trust)
    assert verified(SIGNER.sign(iss="https://api.botframework.us"), trust)
    china = replace(Trust.CHINA, keys=SIGNER.trust.keys)
    assert refusal(SIGNER.sign(), trust=china) == "the issuer is not trusted"


def test_every_cloud_has_a_trust() -> None:
    trusts = [Trust.GLOBAL, Trust.US_GOV, Trust.US_GOV_DOD, Trust.CHINA]
    for cloud, trust in zip(Cloud, trusts, strict=True):
        assert f"https://{cloud.host}" in trust.issuers
        assert all(issuer.startswith("https://") for issuer in trust.issuers)


@pytest.mark.parametrize("name", ["issuers", "tenants"])
def test_one_text_is_not_several(name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} must be several texts"):
        replace(Trust.GLOBAL, **dict[str, Any]({name: "https://api.botframework.com"}))


def test_the_time_is_the_one_that_is_passed() -> None:
    token = SIGNER.sign(exp=SECONDS + 60)
    assert verified(token, now=NOW + timedelta(seconds=355))
    assert refusal(token, now=NOW + timedelta(seconds=365)) == "the token expired 305 seconds ago"
    assert refusal(token, now=NOW - timedelta(minutes=6)).startswith(
        "the token is not valid for an"
    )


# -- signatures


def test_a_token_without_a_signature_is_refused() -> None:
    unsigned = jwt.encode(good_claims(), "", algorithm="none", headers={"kid": KID})
    assert refusal(unsigned) == "the token does not have the form of a signed one"
    for algorithm in ("none", "None", "nOnE", "", None):
        token = assembled({"alg": algorithm, "kid": KID}, good_claims())
        assert refusal(token) == "the token is not signed by RS256"


def test_hs256_with_the_public_key_is_refused() -> None:
    encodings = (serialization.Encoding.PEM, serialization.Encoding.DER)
    for encoding in encodings:
        secret = KEYS[KID].public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
        for algorithm in ("HS256", "RS256"):
            header = {"alg": algorithm, "kid": KID, "typ": "JWT"}
            signed = f"{segment(header)}.{segment(good_claims())}"
            mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
            wrong = "the token is not signed by RS256", "the signature of the token is wrong"
            assert refusal(f"{signed}.{segment(mac)}") == wrong[algorithm == "RS256"]


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256", "ES256"])
def test_other_algorithms_are_refused(algorithm: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else OTHER
    token = jwt.encode(good_claims(), key, algorithm=algorithm, headers={"kid": KID})
    assert refusal(token) == "the token is not signed by RS256"


def test_a_token_signed_with_another_key_is_refused() -> None:
    forged = jwt.encode(good_claims(), OTHER, algorithm="RS256", headers={"kid": KID})
    assert refusal(forged) == "the signature of the token is wrong"


def test_a_key_in_the_token_itself_is_not_used() -> None:
    jwk = json.loads(RSAAlgorithm.to_jwk(OTHER.public_key()))
    for kid in (KID, "mine"):
        headers = {"kid": kid, "jwk": jwk, "jku": "https://evil.example", "x5u": "https://evil"}
        forged = jwt.encode(good_claims(), OTHER, algorithm="RS256", headers=headers)
        assert refusal(forged).startswith(("the signature", "no key has the kid"))


@pytest.mark.parametrize("kid", ["another", KID.upper(), f" {KID}"], ids=["other", "case", "blank"])
def test_a_kid_that_no_key_has_is_refused(kid: str) -> None:
    token = assembled({"alg": "RS256", "kid": kid}, good_claims())
    assert refusal(token) == "no key has the kid of the token"


@pytest.mark.parametrize("kid", [None, "", 7, ["a"], {"a": "b"}])
def test_a_token_without_a_kid_is_refused(kid: object) -> None:
    token = assembled({"alg": "RS256", "kid": kid}, good_claims())
    assert refusal(token) == "the header of the token has no kid"


def test_changed_claims_are_refused() -> None:
    header, payload, signature = SIGNER.sign().split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed = segment({**claims, "tid": TENANT})
    assert refusal(f"{header}.{changed}.{signature}") == "the signature of the token is wrong"
    assert refusal(f"{header}.{payload}.{signature[:-8]}") == "the signature of the token is wrong"
    assert refusal(f"{header}.{payload}.A") == "the signature of the token is wrong"


def test_a_signature_that_was_right_is_so_for_its_key_alone() -> None:
    token = SIGNER.sign()
    for _ in range(2):
        verify(token, APP, SIGNER.trust, KEYS, NOW)
        with pytest.raises(TokenError, match="the signature of the token is wrong"):
            verify(token, APP, SIGNER.trust, {KID: OTHER.public_key()}, NOW)


def test_a_signature_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    token = SIGNER.sign(jti="once")
    verify(token, APP, SIGNER.trust, KEYS, NOW)
    monkeypatch.setattr(jwt.PyJWS, "decode", None)
    verify(token, APP, SIGNER.trust, KEYS, NOW)


def test_what_becomes_of_the_claims_changes_nothing_for_the_next() -> None:
    token = SIGNER.sign(tid=TENANT, exp=SECONDS + 60, roles=["a"])
    for _ in range(3):
        claims = verify(token, APP, SIGNER.trust, KEYS, NOW)
        assert claims.tenant_id == TENANT
        assert claims.raw["roles"] == ["a"]
        cast("list[str]", claims.raw["roles"]).append("b")
        cast("dict[str, object]", claims.raw).update(tid="another", exp=2**40, aud="another")
    with pytest.raises(TokenError, match="expired"):
        verify(token, APP, SIGNER.trust, KEYS, NOW + timedelta(days=1))


def test_critical_extensions_are_refused_although_the_signature_is_right() -> None:
    extensions: list[dict[str, object]]
    extensions = [{"crit": ["exp"], "exp": 1}, {"crit": ["b64"], "b64": True}, {"crit": []}]
    keys = {KID: OTHER.public_key()}
    for extension in extensions:
        signed = f"{segment({'alg': 'RS256', 'kid': KID, **extension})}.{segment(good_claims())}"
        signature = RSAAlgorithm(RSAAlgorithm.SHA256).sign(signed.encode(), OTHER)
        with pytest.raises(TokenError, match="critical extensions"):
            verify(f"{signed}.{segment(signature)}", APP, SIGNER.trust, keys, NOW)


# -- forms


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "a.b.c.d.e",
        " a.b.c",
        "a.b.c\n",
        "é.b.c",
        "a=.b=.c=",
        "A" * 20_000,
        "A" * 1_000_000,
        assembled(b"\xff\xfe", good_claims()),
        assembled(b'{"alg":"RS256","kid":"\xff"}', good_claims()),
        assembled([], {}),
        assembled({"alg": "RS256"}, []),
        assembled({"alg": "RS256"}, b"null"),
        assembled({"alg": "RS256"}, b"[" * 10_000),
        assembled({"alg": "RS256"}, b'{"a":' * 2_000 + b"1" + b"}" * 2_000),
        assembled(b"[" * 10_000, good_claims()),
        assembled({"alg": "RS256"}, b'{"exp":' + b"9" * 10_000 + b"}"),
        assembled({"alg": "RS256"}, b'{"exp":1e999999}'),
        assembled({"alg": ["RS256"], "kid": KID}, good_claims()),
        assembled({"alg": {"RS256": 1}, "kid": KID}, good_claims()),
        assembled({"kid": KID}, good_claims()),
    ],
    ids=lambda _: "token",
)
def test_what_is_not_a_token_is_refused(token: str) -> None:
    assert refusal(token)


def test_a_token_that_is_too_long_is_refused_although_the_signature_is_right() -> None:
    assert verified(SIGNER.sign(groups="x" * 10_000))
    assert refusal(SIGNER.sign(groups="x" * 13_000)) == "the token is longer than 16384 characters"


def test_a_claim_that_is_none_is_left_out() -> None:
    claims = verified(SIGNER.sign(nbf=None, tid=None, other=0)).raw
    assert claims["other"] == 0
    assert sorted(claims) == ["aud", "exp", "iat", "iss", "other"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    name=st.sampled_from(["iss", "aud", "exp", "nbf", "iat", "tid", LONG_TENANT, "sub"]),
    value=json_values,
)
def test_any_value_of_a_claim_is_believed_or_refused(name: str, value: object) -> None:
    try:
        claims = verified(SIGNER.sign(**{name: value}))
    except TokenError:
        return
    assert claims.tenant_id is None or claims.tenant_id == value


@given(header=json_values, payload=json_values, signature=st.binary(max_size=300))
def test_any_other_token_is_refused(header: object, payload: object, signature: bytes) -> None:
    assert refusal(assembled(header, payload, signature))


# -- what the log gets


def test_a_refusal_says_what_was_seen_and_what_was_expected() -> None:
    with pytest.raises(TokenError) as caught:
        verified(SIGNER.sign(iss="https://api.botframework.us", aud="someone"))
    text = str(caught.value)
    assert "iss: 'https://api.botframework.us', expected " in text
    assert "https://api.botframework.com or https://graph.microsoft.com" in text
    assert f"aud: 'someone', expected '{APP}'" in text
    assert KID in text


def test_a_refusal_says_which_keys_there_are() -> None:
    token = assembled({"alg": "RS256", "kid": "unheard-of"}, good_claims())
    with pytest.raises(TokenError, match=f"kid: 'unheard-of', expected '{KID}'"):
        verified(token)


@pytest.mark.parametrize("name", ["iss", "aud", "kid"])
def test_what_was_seen_is_escaped_and_cut(name: str) -> None:
    hostile = "', \r\nforged: line\x1b[2J\u202e\ud800é" + "x" * 5_000
    claims = {name: hostile} if name != "kid" else {}
    kid = hostile if name == "kid" else KID
    token = assembled({"alg": "RS256", "kid": kid}, good_claims(**claims))
    with pytest.raises(TokenError) as caught:
        verified(token)
    for text in (str(caught.value), repr(caught.value)):
        assert text.isprintable()
        assert text.isascii()
        assert "x" * 100 not in text
        assert "forged: line" in text
    seen = str(caught.value).partition(f"{name}: '")[2].partition("...'")[0]
    assert len(seen) == 97
    assert seen.startswith(r"\', \r\nforged: line\x1b[2J\u202e\ud800\xe9xxx")


# -- tenants


@pytest.mark.parametrize(
    ("claimed", "notified", "remembered", "allowed"),
    [
        ("a", "a", "a", True),
        ("a", "A", None, True),
        ("a", None, None, True),
        (None, None, None, True),
        (None, "a", "a", True),
        ("a", "b", None, False),
        ("a", None, "b", False),
        ("a", "a", "b", False),
        (None, "a", "b", False),
    ],
)
def test_every_tenant_that_is_known_must_be_the_same(
    claimed: str | None, notified: str | None, remembered: str | None, allowed: bool
) -> None:
    claims = verified(SIGNER.sign(tid=claimed))
    assert tenant_allowed(claims, SIGNER.trust, notified, remembered) is allowed


def test_a_trust_may_have_a_list_of_tenants() -> None:
    trust = replace(SIGNER.trust, tenants=[TENANT.upper()])
    assert tenant_allowed(verified(SIGNER.sign(tid=TENANT)), trust, None, None)
    assert not tenant_allowed(verified(SIGNER.sign(tid=APP)), trust, None, None)
    assert not tenant_allowed(verified(SIGNER.sign()), trust, TENANT, TENANT)
    nobody = replace(SIGNER.trust, tenants=[])
    assert not tenant_allowed(verified(SIGNER.sign(tid=TENANT)), nobody, None, None)

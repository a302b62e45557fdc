"""Encrypted resources and validation tokens: only what Graph has made for the application counts."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from graph_comms.bot import testing
from graph_comms.bot.changes.encryption import (
    DecryptionError,
    EncryptionCertificate,
    UnknownCertificateError,
    decrypt,
)
from graph_comms.bot.changes.tokens import proven_tenants
from graph_comms.bot.claims import TokenError
from graph_comms.bot.testing import ChangeSigner
from graph_comms.models import Presence

APP_ID = "8e460676-ae3f-4b1e-8790-ee0fb5d6148f"
OTHER = "e1a9d2b0-0000-4000-8000-000000000002"


@pytest.fixture(scope="module")
def signer() -> ChangeSigner:
    return ChangeSigner(APP_ID)


@pytest.fixture(scope="module")
def other() -> ChangeSigner:
    return ChangeSigner(APP_ID)


# -- resources


def test_what_is_encrypted_for_a_certificate_is_decrypted(
    signer: ChangeSigner, other: ChangeSigner
) -> None:
    keys = {one.certificate.id: one.certificate for one in (other, signer)}
    presence = Presence(id="u1", activity="InACall")
    for resource in (presence, presence.to_dict(), {"id": "\u00fc" * 1000}, {}):
        wire = resource.to_dict() if isinstance(resource, Presence) else resource
        assert decrypt(signer.encrypt(resource), keys) == wire


def test_a_certificate_that_is_not_here_is_another_error(signer: ChangeSigner) -> None:
    with pytest.raises(UnknownCertificateError):
        decrypt(signer.encrypt({}), {})
    with pytest.raises(UnknownCertificateError):
        decrypt({"encryptionCertificateId": ["x"]}, {"x": signer.certificate})


def flipped(encoded: str) -> str:
    data = bytearray(b64decode(encoded))
    data[-1] ^= 1
    return b64encode(bytes(data)).decode()


SPOILERS: list[Callable[[str], object]] = [
    flipped,
    lambda text: b64encode(b64decode(text)[:-1]).decode(),
    lambda text: f"{text}\n",
    lambda _: "",
    lambda _: "\ud800",
    lambda _: None,
    lambda _: "A" * 4096,
]


@pytest.mark.parametrize("part", ["data", "dataKey", "dataSignature"])
@pytest.mark.parametrize("spoil", SPOILERS)
def test_what_was_changed_on_the_way_is_refused_with_one_message(
    signer: ChangeSigner, part: str, spoil: Callable[[str], object]
) -> None:
    content: dict[str, Any] = {**signer.encrypt({"id": "u1"})}
    content[part] = spoil(content[part])
    with pytest.raises(DecryptionError) as raised:
        decrypt(content, {signer.certificate.id: signer.certificate})
    assert str(raised.value) == "it cannot be decrypted, or is not the resource that was encrypted"
    assert raised.value.__context__ is None


def test_what_is_signed_and_is_no_object_is_refused(
    signer: ChangeSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("[]", "null", "{", "[" * 100_000):
        monkeypatch.setattr("graph_comms.bot.testing.json.dumps", lambda _, text=text: text)
        content = signer.encrypt({})
        monkeypatch.undo()
        with pytest.raises(DecryptionError):
            decrypt(content, {signer.certificate.id: signer.certificate})


# -- certificates


def pem(certificate: EncryptionCertificate, *, key_first: bool = False) -> bytes:
    parts = [
        x509.load_der_x509_certificate(certificate.certificate).public_bytes(
            serialization.Encoding.PEM
        ),
        certificate.private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    ]
    return b"".join(reversed(parts) if key_first else parts)


@pytest.mark.parametrize("key_first", [True, False])
def test_a_certificate_is_read_from_pem(signer: ChangeSigner, key_first: bool) -> None:
    made = signer.certificate
    read = EncryptionCertificate.from_pem(made.id, pem(made, key_first=key_first))
    assert (read.certificate, read.encoded) == (made.certificate, made.encoded)
    assert decrypt(signer.encrypt({"id": "x"}), {made.id: read}) == {"id": "x"}


def test_pem_without_its_own_key_is_refused_without_a_word_of_it(
    signer: ChangeSigner, other: ChangeSigner
) -> None:
    text = pem(signer.certificate)
    foreign = pem(other.certificate)
    half = text.index(b"-----BEGIN PRIVATE")
    for wrong in (b"", text[:half], text[half:], text[: half + 90], text[:half] + foreign[half:]):
        with pytest.raises(ValueError, match="certificate c1: the ") as raised:
            EncryptionCertificate.from_pem("c1", wrong)
        assert raised.value.__cause__ is None


def test_what_graph_would_refuse_is_refused(signer: ChangeSigner) -> None:
    for name in ("", "x" * 129):
        with pytest.raises(ValueError, match="1 to 128"):
            replace(signer.certificate, id=name)
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    with pytest.raises(ValueError, match="2048 to 4096 bits"):
        replace(signer.certificate, private_key=small)


def test_no_repr_shows_a_key(signer: ChangeSigner) -> None:
    assert repr(signer.certificate) == f"EncryptionCertificate(id={signer.certificate.id!r})"


# -- validation tokens

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True, scope="module")
def _time_stands() -> Iterator[None]:
    """Sign every token at the same time, however long after it the test is run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(testing, "time", SimpleNamespace(time=NOW.timestamp))
        yield


WRONG: dict[str, list[dict[str, Any]]] = {
    "another audience": [{"aud": "someone"}],
    "a tenant that sent nothing": [{"iss": f"https://sts.windows.net/{OTHER}/", "tid": OTHER}],
    "another issuer": [{"iss": "https://api.botframework.com"}],
    "another publisher": [{"appid": APP_ID}],
    "no publisher": [{"appid": None}],
    "two publishers": [{"azp": APP_ID}],
    "a publisher that is no text": [{"appid": ["0bf30f3b-4a52-48df-9a82-234910c4a086"]}],
    "expired": [{"exp": int((NOW - timedelta(minutes=6)).timestamp())}],
    "no expiry": [{"exp": None}],
    "the second of two": [{}, {"appid": APP_ID}],
}


@pytest.mark.anyio
@pytest.mark.parametrize("claims", WRONG.values(), ids=WRONG)
async def test_tokens_are_refused_unless_all_are_right(
    signer: ChangeSigner, claims: list[dict[str, Any]]
) -> None:
    tokens = [signer.token(**one) for one in claims]
    with pytest.raises(TokenError):
        await proven_tenants(tokens, [signer.tenant_id], APP_ID, signer.publisher, NOW)


@pytest.mark.anyio
async def test_tokens_that_somebody_else_signed_are_refused(
    signer: ChangeSigner, other: ChangeSigner
) -> None:
    for token in (other.token(), "", "x", f"{signer.token().rpartition('.')[0]}.AAAA"):
        with pytest.raises(TokenError):
            await proven_tenants([token], [signer.tenant_id], APP_ID, signer.publisher, NOW)


@pytest.mark.anyio
async def test_tokens_prove_the_tenants_that_they_are_for(signer: ChangeSigner) -> None:
    publisher = signer.publisher.app_id
    newer = {"iss": f"https://login.microsoftonline.com/{OTHER}/v2.0", "tid": OTHER}
    tokens = [signer.token(), signer.token(**newer, appid=None, azp=publisher)]
    third = "d1a9d2b0-0000-4000-8000-000000000003"
    sent = [signer.tenant_id, OTHER, third]
    proven = await proven_tenants(tokens, sent, APP_ID, signer.publisher, NOW)
    assert proven == {signer.tenant_id, OTHER}
    assert await proven_tenants([], sent, APP_ID, signer.publisher, NOW) == frozenset()

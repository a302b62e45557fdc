"""What the tests of a bot need: tokens that it believes, without any service."""

from __future__ import annotations

import hmac
import json
import secrets
import time
import uuid
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from .._runtime.model import GraphModel
from .changes.encryption import BLOCK, OAEP, EncryptionCertificate
from .changes.tokens import Publisher
from .keys import StaticKeys
from .trust import Trust


class Signer:
    """Signs tokens as the service does, with a key pair of its own.

    `trust` believes these keys alone: pass it to `Bot` in place of the service's.
    """

    def __init__(self, app_id: str) -> None:
        """Make a key pair for the tokens of an application."""
        self._app_id = app_id
        self._kid = uuid.uuid4().hex
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        keys = StaticKeys({self._kid: self._key.public_key()})
        self.trust: Trust = replace(Trust.GLOBAL, keys=keys)

    def sign(self, **claims: object) -> str:
        """Return a token that is valid from now for 65 minutes, with claims replaced by those given.

        They are `iss`, `aud`, `iat`, `nbf` and `exp`, and any other, such as `tid` for the tenant, of
        which there is none else. Times are integers, in seconds since 1970. A claim that is None is
        left out.
        """
        now = int(time.time())
        usual = {"iss": "https://api.botframework.com", "aud": self._app_id}
        times = {"iat": now, "nbf": now, "exp": now + 65 * 60}
        replaced = {**usual, **times, **claims}
        given = {name: value for name, value in replaced.items() if value is not None}
        return jwt.PyJWS().encode(
            json.dumps(given).encode(), self._key, algorithm="RS256", headers={"kid": self._kid}
        )

    def headers(self, **claims: object) -> dict[str, str]:
        """Return the header that carries such a token."""
        return {"authorization": f"Bearer {self.sign(**claims)}"}


class ChangeSigner:
    """Signs and encrypts change notifications as Graph does, with keys of its own.

    `publisher` believes these keys alone, and `certificate` is what resources are encrypted for: pass both
    to `Changes`.
    """

    def __init__(
        self, app_id: str, tenant_id: str = "f1a9d2b0-0000-4000-8000-000000000001"
    ) -> None:
        """Make the keys for the notifications of an application, and the tenant that they come from."""
        self._signer = Signer(app_id)
        self.tenant_id: str = tenant_id
        self.publisher: Publisher = replace(Publisher.GLOBAL, keys=self._signer.trust.keys)
        self.certificate: EncryptionCertificate = _certificate(uuid.uuid4().hex)

    def token(self, **claims: object) -> str:
        """Return a validation token; the claims are replaced as by `Signer.sign`."""
        usual = {
            "iss": f"https://sts.windows.net/{self.tenant_id}/",
            "tid": self.tenant_id,
            "appid": self.publisher.app_id,
        }
        return self._signer.sign(**{**usual, **claims})

    def encrypt(self, resource: GraphModel | Mapping[str, Any]) -> dict[str, str]:
        """Return the encryptedContent of a resource."""
        wire = resource.to_dict() if isinstance(resource, GraphModel) else resource
        key = secrets.token_bytes(32)
        padder = PKCS7(BLOCK).padder()
        padded = padder.update(json.dumps(wire).encode()) + padder.finalize()
        cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
        data = cipher.update(padded) + cipher.finalize()
        public = self.certificate.private_key.public_key()
        return {
            "data": b64encode(data).decode(),
            "dataKey": b64encode(public.encrypt(key, OAEP)).decode(),
            "dataSignature": b64encode(hmac.digest(key, data, sha256)).decode(),
            "encryptionCertificateId": self.certificate.id,
        }


def _certificate(id: str) -> EncryptionCertificate:
    """Return a certificate that is signed by itself and valid for a day."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, id)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    der = certificate.public_bytes(serialization.Encoding.DER)
    return EncryptionCertificate(id=id, certificate=der, private_key=key)

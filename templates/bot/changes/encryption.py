"""Resources in change notifications, encrypted for a certificate of the application.

Source: https://learn.microsoft.com/graph/change-notifications-with-resource-data
"""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Self, cast

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.x509 import load_pem_x509_certificate

OAEP = padding.OAEP(
    # SHA-1 is what Graph encrypts with; OAEP does not need its collision resistance.
    mgf=padding.MGF1(algorithm=hashes.SHA1()),  # noqa: S303
    algorithm=hashes.SHA1(),  # noqa: S303
    label=None,
)
BLOCK = 128
"""The block of AES in bits."""

_KEY_SIZES = range(2048, 4096 + 1)
_LONGEST_ID = 128
_KEY_BYTES = 32
_MOST_ENCODED_KEY = 1024
"""The most characters of a dataKey: 4096 bits are 684."""


class DecryptionError(Exception):
    """An encrypted resource was not encrypted for this application, or was changed on the way."""


class UnknownCertificateError(DecryptionError):
    """A resource was encrypted for a certificate that this process does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptionCertificate:
    """A certificate that Graph encrypts resources for, with its private key.

    `id` is the application's own name for it, at most 128 characters, which Graph returns as
    encryptionCertificateId. `certificate` is X.509, as DER; Graph does not ask who signed it. The key
    must be RSA of 2048 to 4096 bits. Raises ValueError for another key or id, and for a key that is
    not that of the certificate.
    """

    id: str
    certificate: bytes = field(repr=False)
    private_key: rsa.RSAPrivateKey = field(repr=False)

    def __post_init__(self) -> None:
        if not 0 < len(self.id) <= _LONGEST_ID:
            raise ValueError(f"the id of a certificate has 1 to {_LONGEST_ID} characters")
        if self.private_key.key_size not in _KEY_SIZES:
            raise ValueError(f"certificate {self.id}: its key must have 2048 to 4096 bits")

    @classmethod
    def from_pem(cls, id: str, pem: bytes | str, password: bytes | None = None) -> Self:
        """Read PEM text that holds both the certificate and its private key.

        Raises ValueError for text that does not hold both, or whose key does not fit.
        """
        text = pem.encode() if isinstance(pem, str) else pem
        certificate = key = None
        # The messages of cryptography may quote what they could not read.
        with suppress(TypeError, ValueError):
            certificate = load_pem_x509_certificate(text)
            key = serialization.load_pem_private_key(text, password)
        if certificate is None or not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError(
                f"certificate {id}: the PEM text must hold a certificate and its RSA private key, with"
                " the password if it has one"
            )
        if certificate.public_key() != key.public_key():
            raise ValueError(f"certificate {id}: the private key is that of another certificate")
        der = certificate.public_bytes(serialization.Encoding.DER)
        return cls(id=id, certificate=der, private_key=key)

    @property
    def encoded(self) -> str:
        """The certificate as Graph takes it: base64 of DER, without the private key."""
        return b64encode(self.certificate).decode()


def decrypt(content: Mapping[str, Any], keys: Mapping[str, EncryptionCertificate]) -> Any:
    """Return the resource in an encryptedContent, as JSON.

    `keys` are by id. The signature is compared before anything is decrypted, in constant time. Raises
    UnknownCertificateError for an id that is not among the keys, and DecryptionError for everything
    else that is wrong, with no more detail: it could help somebody to guess.
    """
    name = content.get("encryptionCertificateId")
    if not isinstance(name, str) or name not in keys:
        raise UnknownCertificateError("it is encrypted for a certificate that is not here")
    resource: object = None
    with suppress(ValueError, RecursionError):
        resource = _decrypted(content, keys[name].private_key)
    if not isinstance(resource, dict):
        raise DecryptionError("it cannot be decrypted, or is not the resource that was encrypted")
    return cast("dict[str, Any]", resource)


def _decrypted(content: Mapping[str, Any], private_key: rsa.RSAPrivateKey) -> object:
    encoded_key = _text(content, "dataKey")
    if len(encoded_key) > _MOST_ENCODED_KEY:
        raise ValueError
    key = private_key.decrypt(_bytes(encoded_key), OAEP)
    data = _bytes(_text(content, "data"))
    signature = hmac.digest(key, data, sha256)
    if len(key) != _KEY_BYTES or not hmac.compare_digest(
        signature, _bytes(_text(content, "dataSignature"))
    ):
        raise ValueError
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    unpadder = PKCS7(BLOCK).unpadder()
    padded = cipher.update(data) + cipher.finalize()
    return json.loads(unpadder.update(padded) + unpadder.finalize())


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str):
        raise ValueError
    return value


def _bytes(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except Base64Error:
        raise ValueError from None

"""Resources as change notifications carry them: encrypted for a certificate of the application.

Source: https://learn.microsoft.com/graph/change-notifications-with-resource-data.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from hashlib import sha1, sha256

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from graph_comms.bot.changes.encryption import BLOCK, OAEP
from graph_comms.bot.json_values import Json, text_of

from .faults import Fault


def public_key_of(certificate: Json) -> rsa.RSAPublicKey:
    """Return the key of a certificate, base64 of its DER form; raises Fault if it is none."""
    try:
        key = x509.load_der_x509_certificate(b64decode(text_of(certificate))).public_key()
    except ValueError:
        key = None
    if not isinstance(key, rsa.RSAPublicKey) or not 2048 <= key.key_size <= 4096:
        message = "encryptionCertificate must be one of an RSA key of 2048 to 4096 bits."
        raise Fault(400, "InvalidRequest", message)
    return key


def encrypted(resource: Json, certificate: str, certificate_id: str, key: bytes) -> dict[str, Json]:
    """Return a resource as `encryptedContent`; `key` are 32 random bytes for it alone."""
    thumbprint = sha1(b64decode(certificate), usedforsecurity=False).hexdigest().upper()
    padder = PKCS7(BLOCK).padder()
    padded = padder.update(json.dumps(resource).encode()) + padder.finalize()
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    data = cipher.update(padded) + cipher.finalize()
    return {
        "data": b64encode(data).decode(),
        "dataKey": b64encode(public_key_of(certificate).encrypt(key, OAEP)).decode(),
        "dataSignature": b64encode(hmac.digest(key, data, sha256)).decode(),
        "encryptionCertificateId": certificate_id,
        "encryptionCertificateThumbprint": thumbprint,
    }

"""A device with passkeys, in software: it makes keys and signs challenges (WebAuthn level 3)."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url, encode_cbor

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Device:
    """One device with one key; `verified` says whether it asks for a PIN or a finger."""

    origin: str
    verified: bool = True
    counter: int = 0
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def make(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a request to make a key."""
        numbers = self._key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big")}
        public[-3] = numbers.y.to_bytes(32, "big")
        size = len(self.credential).to_bytes(2, "big")
        made = bytes(16) + size + self.credential + encode_cbor(public)
        data = self._data(options["rp"]["id"], _ATTESTED) + made
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            {
                "clientDataJSON": self._client("webauthn.create", options["challenge"]),
                "attestationObject": bytes_to_base64url(attestation),
            }
        )

    def show(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a challenge."""
        self.counter += 1
        data = self._data(options["rpId"], 0)
        client = self._client_bytes("webauthn.get", options["challenge"])
        signed = data + hashlib.sha256(client).digest()
        signature = self._key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": bytes_to_base64url(client),
                "authenticatorData": bytes_to_base64url(data),
                "signature": bytes_to_base64url(signature),
                "userHandle": None,
            }
        )

    def _data(self, host: str, flags: int) -> bytes:
        shown = flags | _PRESENT | (_VERIFIED if self.verified else 0)
        place = hashlib.sha256(host.encode()).digest()
        return place + bytes([shown]) + self.counter.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> str:
        return bytes_to_base64url(self._client_bytes(kind, challenge))

    def _client_bytes(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _answer(self, response: Mapping[str, Any]) -> dict[str, Any]:
        shown = bytes_to_base64url(self.credential)
        return {"id": shown, "rawId": shown, "type": "public-key", "response": dict(response)}

"""Checkpoints: a signature under all records so far. Ed25519; the one place that imports `cryptography`.

Who holds only the public key can verify and not sign, so an auditor need not be trusted with more.
"""

from __future__ import annotations

import base64
from hashlib import sha256
from pathlib import Path
from typing import Any

from samrules.audit.database import Database
from samrules.audit.record import FORMAT, Draft, Kind, Record
from samrules.diagnostics import Diagnostic
from samrules.errors import LedgerError


def checkpoint(database: Database, key: Path) -> Record:
    """Append a checkpoint. Raises LedgerError."""
    private, _ = _library()
    secret = _loaded(key, "load_pem_private_key", private, "a private key")
    name = fingerprint(secret.public_key())

    def signed(seq: int, hash_: str) -> list[Draft]:
        signature = base64.b64encode(secret.sign(_message(seq, hash_))).decode()
        return [Draft.of(Kind.CHECKPOINT, {"records": seq, "head": hash_, "key": name, "signature": signature})]

    return database.append(signed)[-1]


class PublicKey:
    """What verifies checkpoints."""

    def __init__(self, path: Path) -> None:
        """Raises LedgerError where the file holds no public key."""
        _, public = _library()
        self._key = _loaded(path, "load_pem_public_key", public, "a public key")
        self.name = fingerprint(self._key)

    def verifies(self, body: dict[str, Any]) -> bool:
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(base64.b64decode(body["signature"], validate=True), _message(body["records"], body["head"]))
        except (InvalidSignature, ValueError, KeyError, TypeError):
            return False
        return True


def fingerprint(public: Any) -> str:
    """The name of a key: the start of a hash over it."""
    return sha256(public.public_bytes_raw()).hexdigest()[:16]


def _message(seq: int, hash_: str) -> bytes:
    return f"{FORMAT}\ncheckpoint\n{seq}\n{hash_}".encode()


def _library() -> tuple[type, type]:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise LedgerError([Diagnostic("needs-extra", "signatures need the package cryptography, which is not installed",
                                      'pip install "samrules[ledger]"', where="samrules")]) from None
    return ed25519.Ed25519PrivateKey, ed25519.Ed25519PublicKey


def _loaded(path: Path, load: str, kind: type, what: str) -> Any:
    """A key from a file of PEM. Raises LedgerError."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        data = path.read_bytes()
        found = getattr(serialization, load)(data, *([None] if "private" in load else []))
    except OSError as error:
        raise _bad(path, f"cannot read the key: {(error.strerror or str(error)).lower()}", "give the path of a key file") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _bad(path, f"the file holds no key of Ed25519 that is {what} without a password", _MAKE) from None
    if not isinstance(found, kind):
        raise _bad(path, f"the file holds another key than {what} of Ed25519", _MAKE)
    return found


_MAKE = "make one with `openssl genpkey -algorithm ed25519 -out private.pem`, its public half with `openssl pkey -in private.pem -pubout -out public.pem`"


def _bad(path: Path, message: str, cure: str) -> LedgerError:
    return LedgerError([Diagnostic("bad-key", message, cure, where=str(path))])

"""The keys that sign checkpoints: Ed25519, in a folder; the private one readable by its owner alone.

A key's id is the first 16 hexadecimal digits of the SHA-256 of its 32 public bytes, and names its files. Rotating makes
a new private key and deletes the old one; every public key stays, since old checkpoints are verified by it. Losing the
folder loses the power to sign, and with the public keys the proof.
"""

import base64
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

PRIVATE, PUBLIC, LOCK = "signing.pem", ".pub.pem", ".lock"
OWNER_ONLY = 0o600
FOLDER_MODE = 0o700


class BadKeys(Exception):
    """The folder of keys cannot be used; the message says why and what to do."""


class Keys:
    """A folder of keys, made with its first key when it is missing. Implements `Signer`."""

    def __init__(self, folder: Path) -> None:
        """Raises BadKeys."""
        self._folder = folder
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        with self._alone():
            if not self._private.exists():
                self._make()
            self._key = self._load()

    @property
    def key_id(self) -> str:
        """The id of the key that signs now."""
        return id_of(self._key.public_key())

    def sign(self, content: bytes) -> bytes:
        """The Ed25519 signature, 64 bytes."""
        return self._key.sign(content)

    def rotate(self) -> str:
        """Sign with a new key from now on, and give its id; other processes must be started anew to take it up."""
        with self._alone():
            self._make()
            self._key = self._load()
        return self.key_id

    def public(self) -> dict[str, Ed25519PublicKey]:
        """All public keys, old ones too, by their ids. Raises BadKeys."""
        return public_keys(self._folder)

    @property
    def _private(self) -> Path:
        return self._folder / PRIVATE

    def _make(self) -> None:
        """A new pair; the public one is safe before the private one is used."""
        key = Ed25519PrivateKey.generate()
        public = key.public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        _write(self._folder / f"{id_of(public)}{PUBLIC}", pem)
        _write(self._private, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def _load(self) -> Ed25519PrivateKey:
        mode = stat.S_IMODE(self._private.stat().st_mode)
        if mode & ~OWNER_ONLY:
            raise BadKeys(f"{self._private} can be read by others: chmod 600 {self._private}, and rotate the key.")
        try:
            key = load_pem_private_key(self._private.read_bytes(), password=None)
        except ValueError as error:
            raise BadKeys(
                f"{self._private} holds no private key: restore it, or remove it to get a new one."
            ) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise BadKeys(f"{self._private} holds no Ed25519 key: restore it, or remove it to get a new one.")
        return key

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time makes keys."""
        with (self._folder / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def public_keys(folder: Path) -> dict[str, Ed25519PublicKey]:
    """The public keys in a folder by their ids; none where there is no folder. Raises BadKeys."""
    found: dict[str, Ed25519PublicKey] = {}
    for file in sorted(folder.glob(f"*{PUBLIC}")):
        try:
            key = load_pem_public_key(file.read_bytes())
        except ValueError as error:
            raise BadKeys(f"{file} holds no public key: restore it.") from error
        if not isinstance(key, Ed25519PublicKey) or f"{id_of(key)}{PUBLIC}" != file.name:
            raise BadKeys(f"{file} holds another key than its name says: restore it.")
        found[id_of(key)] = key
    return found


def id_of(key: Ed25519PublicKey) -> str:
    """A key's id."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def published(keys: Mapping[str, Ed25519PublicKey]) -> dict[str, list[dict[str, str]]]:
    """The public keys as a JSON Web Key Set (RFC 8037), for `/.well-known/tenantry-keys.json`."""
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "use": "sig",
                "alg": "EdDSA",
                "kid": key_id,
                "x": base64.urlsafe_b64encode(key.public_bytes_raw()).rstrip(b"=").decode(),
            }
            for key_id, key in sorted(keys.items())
        ]
    }


def _write(path: Path, content: bytes) -> None:
    """A file that is whole or not there, readable by its owner alone from its first moment, safe from a crash."""
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names in a folder outlive a crash."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

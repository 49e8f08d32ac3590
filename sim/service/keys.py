"""Bearer keys: `bp_<id>_<secret>`. Only hashes are stored, and only hashes are kept in memory.

A principal may have several secrets, so that one can be changed without a gap: the newest row is `id~2`,
`id~3`, …, and each expires and is revoked for itself. Event ids depend on the principal, never on the secret.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sim.errors import UsageError

SCOPES = (
    "deeds:write",
    "orders:write",
    "pools:write",
    "disbursements:create",
    "disbursements:approve",
    "system",
    "ledger:read",
    "audit:read",
    "receipts:read",
    "admin",
)
ALL = "*"
# An id. Of a path `.` and `..` are what clients and proxies take away, so no thing can be called that.
NAME = r"(?!\.{1,2}(?![A-Za-z0-9_.-]))[A-Za-z0-9_.-]{1,64}"
_ID = re.compile(NAME)
_OWNER = re.compile(f"(project|pool):{NAME}")
_CACHED = 10_000  # headers whose key is known


@dataclass(frozen=True)
class AccessKey:
    """One secret of a principal, as a row of `access_key`. Instants are µs of the wall clock."""

    id: str  # principal, or principal~n
    secret_hash: bytes
    scopes: frozenset[str]
    owners: frozenset[str]
    created_us: int
    expires_us: int | None = None
    revoked_us: int | None = None

    @property
    def principal(self) -> str:
        return self.id.partition("~")[0]

    def is_valid(self, now_us: int) -> bool:
        """Whether the secret may be used now."""
        return self.revoked_us is None and (self.expires_us is None or now_us < self.expires_us)

    @property
    def row(self) -> tuple[Any, ...]:
        scopes, owners = (" ".join(sorted(words)) for words in (self.scopes, self.owners))
        return self.id, self.secret_hash, scopes, owners, self.created_us, self.expires_us, self.revoked_us


def read_key(row: tuple[Any, ...]) -> AccessKey:
    """A key from its row."""
    id, secret_hash, scopes, owners, *instants = row
    return AccessKey(id, bytes(secret_hash), frozenset(scopes.split()), frozenset(owners.split()), *instants)


def hashed(secret: str) -> bytes:
    """SHA-256: the secret has 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(secret.encode()).digest()


class Keyring:
    """All keys of a server. Verified headers are remembered by their hash until any key changes."""

    def __init__(self, rows: Iterable[tuple[Any, ...]] = ()) -> None:
        self._keys: dict[str, dict[str, AccessKey]] = {}  # by principal, then by id
        self._verified: dict[bytes, AccessKey] = {}
        for row in rows:
            self.put(read_key(row))

    def __len__(self) -> int:
        return len(self.all())

    def put(self, key: AccessKey) -> None:
        """Take a key in, new or as it is now; effective at once."""
        self._keys.setdefault(key.principal, {})[key.id] = key
        self._verified.clear()

    def of(self, principal: str) -> list[AccessKey]:
        """A principal's secrets, the oldest first."""
        mine = self._keys.get(principal, {}).values()
        return sorted(mine, key=lambda key: (len(key.id), key.id))

    def all(self) -> list[AccessKey]:
        """Every secret, by id."""
        return [key for principal in sorted(self._keys) for key in self.of(principal)]

    def verify(self, header: bytes, now_us: int) -> AccessKey | None:
        """The valid key of an `Authorization` header."""
        digest = hashlib.sha256(header).digest()
        key = self._verified.get(digest)
        if key is None:
            key = self._find(header, now_us)
            if key is None:
                return None
            if len(self._verified) >= _CACHED:
                self._verified.clear()
            self._verified[digest] = key
        return key if key.is_valid(now_us) else None

    def _find(self, header: bytes, now_us: int) -> AccessKey | None:
        scheme, _, token = header.decode("latin-1").partition(" ")
        name, _, secret = token.strip().rpartition("_")
        if scheme.lower() != "bearer" or not name.startswith("bp_"):
            return None
        digest = hashed(secret)
        found = None
        for key in self.of(name[3:]):
            if hmac.compare_digest(key.secret_hash, digest) and key.is_valid(now_us):
                found = key
        return found

    # --- making and ending keys: each returns the rows to be stored -------------------------------------

    def make(
        self,
        principal: str,
        scopes: Iterable[str],
        owners: Iterable[str],
        now_us: int,
        expires_us: int | None,
    ) -> tuple[AccessKey, str]:
        """A new principal's key and its token, which is shown once. Raises UsageError."""
        asked, bound = frozenset(scopes), frozenset(owners)
        _check(principal, asked, bound)
        if self.of(principal):
            raise UsageError(f"there is a key {principal} already; rotate it or choose another id")
        secret = secrets.token_hex(32)
        key = AccessKey(principal, hashed(secret), asked, bound, now_us, expires_us)
        return key, token_of(principal, secret)

    def rotate(self, principal: str, now_us: int, overlap_us: int) -> tuple[list[AccessKey], str]:
        """A second secret; those before stay valid for the overlap. Raises UsageError."""
        mine = [key for key in self.of(principal) if key.is_valid(now_us)]
        if not mine:
            raise UsageError(f"there is no valid key {principal}")
        secret = secrets.token_hex(32)
        number = len(self.of(principal)) + 1
        fresh = replace(mine[-1], id=f"{principal}~{number}", secret_hash=hashed(secret), created_us=now_us)
        end = now_us + overlap_us
        ending = [replace(key, expires_us=min(end, key.expires_us or end)) for key in mine]
        return [*ending, fresh], token_of(principal, secret)

    def revoke(self, principal: str, now_us: int) -> list[AccessKey]:
        """All secrets of a principal end now. Raises UsageError."""
        if not self.of(principal):
            raise UsageError(f"there is no key {principal}")
        return [replace(key, revoked_us=now_us) for key in self.of(principal) if key.revoked_us is None]


def token_of(principal: str, secret: str) -> str:
    """The text that goes behind `Bearer`."""
    return f"bp_{principal}_{secret}"


def shown(key: AccessKey) -> dict[str, Any]:
    """A key without its secret."""
    return {
        "id": key.principal,
        "secret": key.id,
        "scopes": sorted(key.scopes),
        "owners": sorted(key.owners),
        "created_at": key.created_us,
        "expires_at": key.expires_us,
        "revoked_at": key.revoked_us,
    }


def _check(principal: str, scopes: frozenset[str], owners: frozenset[str]) -> None:
    """Raises UsageError unless id, scopes and owners are what they can be."""
    if not _ID.fullmatch(principal):
        raise UsageError(
            f"{principal!r} is not an id: letters, digits, dots, dashes and _ only, at most 64, and not . or .."
        )
    unknown = sorted(scopes - set(SCOPES))
    if unknown or not scopes:
        raise UsageError(f"scope {', '.join(unknown) or '(none)'}: choose of {', '.join(SCOPES)}")
    wrong = sorted(owner for owner in owners if owner != ALL and not _OWNER.fullmatch(owner))
    if wrong or not owners:
        raise UsageError(f"owner {', '.join(wrong) or '(none)'}: write project:ID, pool:ID or {ALL} for all")

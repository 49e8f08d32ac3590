"""The guard at a host's door: an address that is one, of a machine that may be loaded, where somebody listens."""

from __future__ import annotations

import socket
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from sim.errors import UsageError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SCHEMES = {"http": 80, "https": 443}
EXAMPLE = "write it like http://127.0.0.1:8000"
PATIENCE_S = 3.0


def checked_host(host: str, i_own: Collection[str] = ()) -> str:
    """The address as it was given. Raises UsageError for one that is none or is not owned; names no password."""
    parts = _parts(host)
    if "@" in parts.netloc:  # shown without: it may be a secret
        raise UsageError(
            f"--host {parts.scheme}://…@{parts.hostname}: holds a user or password; an adapter signs, {EXAMPLE}"
        )
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise UsageError(f"--host {host!r}: is no address of http or https; {EXAMPLE}")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise UsageError(f"--host {host!r}: has a path; an adapter adds the paths, {EXAMPLE}")
    if parts.hostname not in LOOPBACK and parts.hostname not in i_own:
        raise UsageError(
            f"--host {parts.hostname}: is not this machine; load only what is yours, "
            f"and say so with --i-own {parts.hostname}"
        )
    return host.rstrip("/")


def _parts(host: str) -> SplitResult:
    """The parts of an address with a sound port. Raises UsageError."""
    shown = f"…@{host.rpartition('@')[2]}" if "@" in host else host
    try:
        parts = urlsplit(host)
        if parts.port == 0:
            raise ValueError("Port out of range 0-65535")
    except ValueError as error:
        reason = str(error)[:1].lower() + str(error)[1:]
        raise UsageError(f"--host {shown!r}: {reason}; {EXAMPLE}") from None
    if any(letter.isspace() or not letter.isprintable() for letter in host):
        raise UsageError(f"--host {shown!r}: holds a blank or an unprintable letter; {EXAMPLE}")
    return parts


def address_of(host: str) -> tuple[str, int]:
    """Name and port of a checked address."""
    parts = urlsplit(host)
    return parts.hostname or "", parts.port or SCHEMES.get(parts.scheme, 80)


def insist_on_listener(host: str) -> None:
    """Raises UsageError if nobody listens at a checked address."""
    try:
        socket.create_connection(address_of(host), timeout=PATIENCE_S).close()
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UsageError(
            f"--host {host}: nobody answers there ({reason}); start it, or name another"
        ) from None

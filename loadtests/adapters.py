"""What the driver asks of a ledger: how a row of the trace becomes a request, and what its answer means.

A user's own system is one class: subclass `LedgerAdapter`, name it with `--adapter package.module:Class`.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, Protocol, cast

from sim.errors import UsageError

Posting = tuple[Any, ...]
Request = tuple[str, str, bytes, dict[str, str]]  # method, path, body, headers


class Ending(IntEnum):
    """How one event ended. The numbers stand in every send log: never renumber."""

    OPEN = 0  # sent and not ended: what a killed worker leaves
    ACCEPTED = 1
    DUPLICATE = 2  # accepted before, under the same key
    REJECTED = 3
    RETRYABLE = 4  # not applied: no connection, 429, 502, 503, 504
    UNKNOWN = 5  # sent, and no answer says whether it was applied
    SHED = 6  # never sent: it had waited too long


class Outcome(NamedTuple):
    """An ending, the ledger's seq of an accepted event, and the reason of any other."""

    ending: Ending
    seq: int = 0
    code: str = ""


@dataclass(frozen=True)
class Target:
    """What an adapter is made with: where the ledger listens, the run's id, and settings of its own."""

    host: str
    run: str
    options: Mapping[str, str] = field(default_factory=dict)


class LedgerAdapter(Protocol):
    """One ledger. `encode` and `classify` are needed; the rest has a harmless default.

    A ledger that speaks no HTTP has a third method, `send(ev) -> Outcome`, which is called instead of both; it
    must wait through gevent.
    """

    def __init__(self, target: Target) -> None: ...

    def encode(self, ev: Any) -> Request:
        """The request of one row; `ev` has the trace's columns as attributes. Called before it is due."""
        ...

    def classify(self, status: int, headers: Mapping[str, Any], body: bytes) -> Outcome:
        """What an answer means. Called for every answer, so it should be quick."""
        ...

    def audit(self) -> Iterable[tuple[str, int, Posting]] | None:
        """(id, seq, postings…) of everything in the ledger; None means "not audited", never "passed"."""
        return None

    def prepare(self, agents: Any) -> None:
        """Before the first event, unmeasured: keys, accounts, openings."""
        return None

    def cleanup(self) -> None:
        """After the audit."""
        return None


RETRY_STATUS = frozenset({429, 502, 503, 504})
IN_DOUBT = frozenset({"outcome_unknown"})
RETRY_CODE = frozenset({"idempotency_in_flight"})
_SEQ = re.compile(rb'"seq":\s*(\d+)')
_CODE = re.compile(rb'"code":\s*"([^"]*)"')


class HttpAdapter(LedgerAdapter):
    """The answers of the reference ledger: seq in the body, `Idempotency-Replayed`, problems with a `code`."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def encode(self, ev: Any) -> Request:
        """A post that carries the row's number and chain; the reference ledger's own adapter says more."""
        key = f"{self.target.run}:{ev.n}"
        body = b'{"n":%d,"chain":%d,"effective_at":%d}' % (ev.n, ev.chain, ev.due_us)
        return "POST", f"/v1/{ev.kind}", body, {"Idempotency-Key": key}

    def classify(self, status: int, headers: Mapping[str, Any], body: bytes) -> Outcome:
        """2xx accepted or replayed · 429, 502–504 retry · anything else a refusal with its code."""
        if 200 <= status < 300:
            found = _SEQ.search(body)
            replayed = headers.get("idempotency-replayed") == "true"
            return Outcome(Ending.DUPLICATE if replayed else Ending.ACCEPTED, int(found[1]) if found else 0)
        named = _CODE.search(body)
        code = named[1].decode("ascii", "replace") if named else str(status)
        if code in IN_DOUBT:
            return Outcome(Ending.UNKNOWN, 0, code)
        if status in RETRY_STATUS or code in RETRY_CODE:
            return Outcome(Ending.RETRYABLE, 0, code)
        return Outcome(Ending.REJECTED, 0, code)


def load_adapter(name: str, target: Target) -> LedgerAdapter:
    """The adapter `package.module:Class`, made for a target. Raises UsageError."""
    return cast(LedgerAdapter, find_adapter(name)(target))


def find_adapter(name: str) -> Any:
    """The class `package.module:Class` or `path/to/file.py:Class`. Raises UsageError.

    A module beside the user, or beside the file, is found too, but never instead of a library of that name.
    """
    module, _, attribute = name.rpartition(":")
    file = Path(module) if module.endswith(".py") else None
    beside = str((file.parent if file else Path()).absolute())
    if beside not in sys.path:
        sys.path.append(beside)
    try:
        made = getattr(_of_file(file.absolute()) if file else importlib.import_module(module), attribute)
    except (Exception, SystemExit) as error:  # it is the user's program: it may fail in any way
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise UsageError(
            f"--adapter {name}: cannot be loaded ({reason}); "
            "write package.module:Class or path/to/file.py:Class, or mend the module"
        ) from None
    for method in ("encode", "classify"):
        if not callable(getattr(made, method, None)):
            raise UsageError(f"--adapter {name}: has no method {method}(); see loadtests/adapters.py")
    return made


def placed(name: str) -> str:
    """The same adapter, named so that it is found from any folder."""
    module, _, attribute = name.rpartition(":")
    return f"{Path(module).absolute()}:{attribute}" if module.endswith(".py") else name


def _of_file(file: Path) -> ModuleType:
    """The module that a file is, once a process."""
    name = f"beanpeak_adapter_{file.stem}"
    if (held := sys.modules.get(name)) is not None and held.__file__ == str(file):
        return held
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module

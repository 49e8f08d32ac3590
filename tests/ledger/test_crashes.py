"""Killed at any instant, the ledger has every answer it gave, whole events only, and starts again by itself."""

from __future__ import annotations

import os
import random
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pytest

from sim.bookkeeping import CHART
from sim.ledger.audit import audit, insist, quick
from sim.ledger.opening import open_reader, open_store
from sim.ledger.reading import SqlReader
from tests.ledger.crashing import digest, eid

SEED = 20220905
INSTANTS = ("", "", "before-commit", "after-commit", "before-answer")  # "": any instant
ROOT = Path(__file__).parents[2]


@dataclass
class Campaign:
    """What the killed processes acknowledged, over all cycles."""

    db: str | Path
    acknowledged: dict[str, tuple[str, str]] = field(default_factory=dict)
    recoveries_ms: list[float] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))

    def cycle(self, number: int) -> None:
        """Start the process, kill it or let it kill itself, take down what it acknowledged."""
        instant = INSTANTS[number % len(INSTANTS)]
        failpoint = f"{instant}:{self.chance.randrange(1, 12)}" if instant else ""
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.ledger.crashing", str(self.db), str(number), str(SEED)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=True,
            env=os.environ | {"BEANPEAK_FAILPOINT": failpoint},
        )  # fmt: skip
        assert child.stdout is not None
        ready = child.stdout.readline()
        heard = [] if failpoint else list(islice(child.stdout, self.chance.randrange(150)))
        if not failpoint:
            child.kill()
        with child:  # communicate() would lose what readline() has read ahead
            assert child.stderr is not None
            heard += child.stdout
            wrong = child.stderr.read()
        assert ready.startswith("ready"), wrong
        assert child.returncode == -9, f"it was not killed at {instant or 'random'}: {wrong}"
        self.recoveries_ms.append(float(ready.split()[1]))
        for text in heard:
            if text.endswith("\n"):  # else it was killed while it spoke
                key, code, body = text.split()
                assert self.acknowledged.setdefault(key, (code, body)) == (code, body), (
                    f"{key} was answered twice"
                )

    def lost(self, reader: SqlReader) -> list[str]:
        """Keys that were answered and whose answer is not in the store."""
        keys = list(self.acknowledged)
        kept = {}
        for at in range(0, len(keys), 500):
            kept |= reader.answers([eid(key) for key in keys[at : at + 500]])
        return [
            key
            for key, (code, body) in self.acknowledged.items()
            if (found := kept.get(eid(key))) is None
            or (found.answer.code or "-", digest(found.answer.body)) != (code, body)
        ]


@contextmanager
def inspected(db: str | Path, tmp_path: Path) -> Iterator[SqlReader]:
    """The ledger as it lies there; a file is looked at in a copy, so that the next process finds it as it was left."""
    if isinstance(db, str):
        with closing(open_reader(db, CHART)) as reader:
            yield reader
        return
    folder = tmp_path / "copy"
    folder.mkdir(exist_ok=True)
    for suffix in ("", "-wal"):
        if (source := db.with_name(db.name + suffix)).exists():
            shutil.copy(source, folder / source.name)
    with closing(open_store(folder / db.name, CHART)) as store:
        yield store
    shutil.rmtree(folder)


def crash(db: str | Path, tmp_path: Path, cycles: int) -> None:
    """Kill as often as asked for; after each time everything acknowledged is there, and every invariant holds.

    The journal grows, so a long campaign is audited whole at every tenth kill only.
    """
    campaign = Campaign(db)
    for number in range(cycles):
        campaign.cycle(number)
        with inspected(db, tmp_path) as reader:
            assert campaign.lost(reader) == []
            insist(audit(reader) if number < 20 or number % 10 == 9 else quick(reader))
            events = reader.head().seq
    assert len(campaign.acknowledged) > 20 * cycles, "too little happened to tell anything"
    assert events > 0
    print(
        f"\n{type(reader).__name__}: {cycles} kills, {len(campaign.acknowledged):,} answers, {events:,} events, "
        f"0 lost; recovery median {statistics.median(campaign.recoveries_ms):.0f} ms, "
        f"longest {max(campaign.recoveries_ms):.0f} ms"
    )


def test_a_file_survives_twenty_kills(tmp_path: Path) -> None:
    """SQLite: nothing acknowledged is lost, nothing is there in part."""
    crash(tmp_path / "ledger.db", tmp_path, 20)


def test_a_database_survives_five_kills(postgres, tmp_path: Path) -> None:
    """PostgreSQL: the leader is killed, the server lives; the same holds."""
    crash(postgres.new(), tmp_path, 5)
    postgres.drop()


@pytest.mark.nightly
def test_two_hundred_kills(db: str | Path, tmp_path: Path) -> None:
    """Either store, long."""
    crash(db, tmp_path, 200)


def test_an_instant_is_reached_as_often_as_asked_for(tmp_path: Path) -> None:
    """A failpoint before the commit leaves nothing of that batch; one after it leaves the batch, unanswered."""
    events = {}
    for instant in ("before-commit:1", "after-commit:1", "before-answer:1"):
        db = tmp_path / instant.replace(":", "") / "ledger.db"
        db.parent.mkdir()
        child = subprocess.run(
            [sys.executable, "-m", "tests.ledger.crashing", str(db), "0", str(SEED)],
            capture_output=True, cwd=ROOT, text=True, env=os.environ | {"BEANPEAK_FAILPOINT": instant},
        )  # fmt: skip
        assert child.returncode == -9
        assert len(child.stdout.splitlines()) == 1, "only `ready`: no answer was given"
        with closing(open_store(db, CHART)) as store:
            events[instant.partition(":")[0]] = store.head().seq + store.count("refusal")
    assert events["before-commit"] == 0
    assert events["after-commit"] > 0
    assert events["before-answer"] > 0

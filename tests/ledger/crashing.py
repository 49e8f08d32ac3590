"""A process that is made to be killed: it asks a ledger for random things and says what it was answered.

    python -m tests.ledger.crashing DB CYCLE SEED

On its output: `ready <ms>` when the ledger is open, then a line per answer: key, code or `-`, hash of the body.
Each cycle begins with the last requests of the one before, as a client would that got no answer.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
import threading
import time
from collections.abc import Sequence

from sim.bookkeeping import CHART
from sim.ledger.decide import Group
from sim.ledger.entries import Answer, event_id
from sim.ledger.ledger import Ledger
from sim.ledger.opening import open_store
from tests.ledger.asking import CASH, FUND, PENDING, POOL, POST, VOID, ask, atomic, ending, line

WINDOW = 48  # requests under way
AGAIN = 100  # requests of the cycle before that are sent once more
ENOUGH = 10_000  # requests of a cycle, if nobody kills it


def group(seed: int, cycle: int, n: int) -> tuple[Group, list[str]]:
    """Request n of a cycle, always the same, and the keys that its answers belong to."""
    chance = random.Random(f"{seed}:{cycle}:{n}")
    key = f"c{cycle}-{n}"
    what, amount = chance.randrange(6), chance.randrange(1, 60)
    if what == 0:
        return Group([ask(line(CASH, POOL, 4 * amount), key=key)]), [key]
    if what == 1:
        return Group([ask(line(POOL, FUND, amount), line(POOL, "2450:n1", 1), key=key)]), [key]
    if what in (2, 3):
        paper = (f"order:{cycle}:{n}", "paid", b"{}")
        return Group([ask(line(POOL, FUND, amount, PENDING), key=key, move=paper)]), [key]
    if what == 4:
        mode = chance.choice([POST, VOID])
        paper = f"order:{cycle}:{n - chance.randrange(1, 30)}"
        return Group([ending(paper, mode, str(mode), key=key)]), [key]
    keys = [f"{key}{part}" for part in "abc"]
    commands = [ask(line(POOL, f"2400:p{k}", amount), key=one) for k, one in enumerate(keys)]
    return atomic(commands, key=key), [key, *keys]


def acknowledged(keys: Sequence[str], answers: Sequence[Answer]) -> str:
    """What is said of answers: an atomic group has one of its own only if it was refused."""
    if len(keys) > 1 and len(answers) > 1:
        keys = keys[1:]
    lines = [f"{k} {a.code or '-'} {digest(a.body)}\n" for k, a in zip(keys, answers, strict=False)]
    return "".join(lines)


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]


def eid(key: str) -> bytes:
    return event_id("platform", key)


def main(db: str, cycle: int, seed: int) -> None:
    """Ask until killed."""
    began = time.perf_counter()
    ledger = Ledger(open_store(db, CHART), CHART)
    os.write(1, f"ready {(time.perf_counter() - began) * 1e3:.1f}\n".encode())
    ledger.start()
    free = threading.Semaphore(WINDOW)
    before = [(cycle - 1, n) for n in range(max(0, ENOUGH - AGAIN), ENOUGH)] if cycle else []
    before += [(cycle - 1, n) for n in range(AGAIN)] if cycle else []
    for of_cycle, n in [*before, *[(cycle, n) for n in range(ENOUGH)]]:
        asked, keys = group(seed, of_cycle, n)
        free.acquire()

        def done(answers: list[Answer], keys: list[str] = keys) -> None:
            os.write(1, acknowledged(keys, answers).encode())
            free.release()

        ledger.submit(asked, done)
    ledger.stop()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

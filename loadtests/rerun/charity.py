"""What the rules look at: accounts, documents, what was done once, names and days."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sim.spans import DAY_US
from sim.wire import CLASSES, Row

# mode, debit, credit, asset, amount, and of the end of a hold where it was opened: (seq, line)
Line = tuple[str, str, str, str, int, tuple[int, int] | None]
Drafted = list[Line] | str  # lines, or the code of a refusal
Hold = tuple[
    str, str, str, int, tuple[int, int]
]  # an open pending line: debit, credit, asset, amount, where opened

CHINA_US = 8 * 3_600_000_000  # civil days are those of UTC+8
DONATED = CLASSES[1]


@dataclass(slots=True)
class Paper:
    """An order, redemption or disbursement: the row that opened it, its state, its open holds."""

    row: Row
    state: str
    holds: list[Hold] = field(default_factory=list)


class Accounts:
    """The four counters of every account, by its name, and the users' accounts by family (`2110:u1`)."""

    def __init__(self) -> None:
        self.dr_pending: dict[str, int] = defaultdict(int)
        self.dr_posted: dict[str, int] = defaultdict(int)
        self.cr_pending: dict[str, int] = defaultdict(int)
        self.cr_posted: dict[str, int] = defaultdict(int)
        self._families: dict[str, list[str]] = defaultdict(list)

    def post(self, debit: str, credit: str, amount: int) -> None:
        """Book an amount at once."""
        self.dr_posted[debit] += amount
        if credit not in self.cr_posted and credit.startswith(("21", "28")):
            self._families[credit[: credit.index(":", 5)]].append(credit)
        self.cr_posted[credit] += amount

    def hold(self, debit: str, credit: str, amount: int) -> None:
        """Hold an amount, or with one below 0 let it go."""
        self.dr_pending[debit] += amount
        self.cr_pending[credit] += amount

    def family(self, name: str) -> list[str]:
        """A user's accounts of one code that ever got something, the earliest period first."""
        return sorted(self._families.get(name, ()))

    def available(self, name: str) -> int:
        """What may leave an account that grows by credits: its balance less what is held to leave."""
        return self.cr_posted.get(name, 0) - self.dr_posted.get(name, 0) - self.dr_pending.get(name, 0)

    def custody(self) -> int:
        """What may leave custody, which grows by debits."""
        return self.dr_posted["1100"] - self.cr_posted["1100"] - self.cr_pending["1100"]

    def counters(self, name: str) -> tuple[int, int, int, int]:
        """dr_pending, dr_posted, cr_pending, cr_posted of an account."""
        held, done = self.dr_pending.get(name, 0), self.dr_posted.get(name, 0)
        return held, done, self.cr_pending.get(name, 0), self.cr_posted.get(name, 0)

    def names(self) -> set[str]:
        """Every account that was ever touched."""
        return self.dr_pending.keys() | self.dr_posted.keys() | self.cr_pending.keys() | self.cr_posted.keys()


class Names(dict[int, str]):
    """Account names by the owner's index, each written once."""

    def __init__(self, begin: str) -> None:
        super().__init__()
        self.begin = begin

    def __missing__(self, owner: int) -> str:
        name = self[owner] = f"{self.begin}{owner}"
        return name


class Charity:
    """The state of the re-run. `start_us`: the campaign's start, µs since the Unix epoch."""

    def __init__(self, start_us: int, namespace: str = "", fee_cap_ppm: int = 100_000) -> None:
        self.start_us, self.fee_cap_ppm = start_us, fee_cap_ppm
        self.user, self.rule = f"{namespace}u", f"{namespace}r"  # names without the number
        self.rules: dict[int, Row] = {}  # the row that made a rule known
        self.funds, self.pools = Names(f"2400:{namespace}p"), Names(f"2600:{namespace}s")
        self.escrows, self.payables = Names(f"2200:{namespace}m"), Names(f"2300:{namespace}m")
        self.fees = Names(f"2450:{namespace}n")
        self.accounts = Accounts()
        self.papers: dict[int, Paper] = {}  # by number of the row that opened it
        self.gifts: dict[int, tuple[str, int]] = {}  # by number of a booked donation: the fund and its fen
        self.booked: set[int] = set()
        self.done: set[tuple[object, ...]] = (
            set()
        )  # what is done once: of a day, an external id, a correction
        self.in_business = False  # something other than openings was booked
        self._day, self._begins, self._ends = 0, 0, 0

    def day(self, row: Row) -> int:
        """The civil day of a row, YYYYMMDD."""
        if not self._begins <= row.due_us < self._ends:  # most rows are on the day of the row before
            number = (self.start_us + row.due_us + CHINA_US) // DAY_US
            date = datetime.fromtimestamp(number * DAY_US // 1_000_000, UTC)
            self._day = date.year * 10_000 + date.month * 100 + date.day
            self._begins = number * DAY_US - CHINA_US - self.start_us
            self._ends = self._begins + DAY_US
        return self._day

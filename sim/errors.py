"""The family of errors, whole on one page.

    BeanpeakError
    ├── UsageError              exit 2   what was asked for cannot be done; nothing was written
    │   └── ScenarioError       exit 2   every mistake of a scenario file at once, each with its line
    ├── InvariantError          exit 4   the books or a model invariant are wrong; the run stops
    └── Interrupted             exit 130 stopped by the user; finished parts are kept

A refusal of the model (an empty pool, a full activity) is a value, never an error.
"""

from __future__ import annotations

from dataclasses import dataclass


class BeanpeakError(Exception):
    """Anything this project raises on purpose. `exit_code` is what the command line ends with."""

    exit_code = 1


class UsageError(BeanpeakError):
    """The request itself is wrong. The message says what, where, why and what to do."""

    exit_code = 2


@dataclass(frozen=True)
class Mistake:
    """One mistake in a scenario file: where it stands, which key, what is wrong and what to do."""

    file: str
    line: int
    key: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}: {self.problem}"


class ScenarioError(UsageError):
    """Every mistake of one scenario, in the order of its lines."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = sorted(mistakes, key=lambda m: (m.file, m.line, m.key))
        super().__init__("\n".join(str(m) for m in self.mistakes))


class InvariantError(BeanpeakError):
    """Something that must always hold does not. Names the account, the asset and the difference."""

    exit_code = 4


class Interrupted(BeanpeakError):
    """The user pressed Ctrl-C. What was finished is kept; `beanpeak resume` goes on."""

    exit_code = 130

"""The charity account (公益慈善账户): who may open one, and what a record opens.

Eligible are natives of the province and those who work, study or live there (F). Benefits differ by town:
residence points, credit scores, credits of the second classroom; their thresholds are data of the scenario.
"""

from __future__ import annotations


def may_open_account(native: bool, works: bool, studies: bool, lives: bool) -> bool:
    """Whether somebody may apply: one tie to the province is enough."""
    return native or works or studies or lives


def reaches_benefit(minutes: int, needs: int, for_youth: bool, youth: bool) -> bool:
    """Whether a record of so many minutes opens a benefit: enough, on its kind of account."""
    return minutes >= needs and for_youth == youth

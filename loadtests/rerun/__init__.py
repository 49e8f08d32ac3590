"""The model re-run: what the charity's rules make of a trace's requests, one after the other, in any order.

The slow, obvious twin of the ledger. Amounts come from the rows of the trace and from the openings, never from what
a ledger says it booked, and the posting table is not read: each rule is written out here once more, so that the two
can disagree.
"""

from loadtests.rerun.charity import Accounts, Charity, Drafted, Line
from loadtests.rerun.rerun import Rerun

__all__ = ["Accounts", "Charity", "Drafted", "Line", "Rerun"]

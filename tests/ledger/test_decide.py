"""What the ledger accepts and what it refuses, decided in memory: no store, no clock."""

from __future__ import annotations

from itertools import permutations

import pytest

from sim.errors import InvariantError
from sim.ledger.accounts import LIMIT, MOST
from sim.ledger.entries import Entry, Limits, Refusal
from tests.ledger.asking import (
    CASH,
    EXPIRE,
    FUND,
    NGO,
    PENDING,
    POOL,
    POST,
    VOID,
    Memory,
    ask,
    atomic,
    ending,
    ends,
    line,
    said,
)


def test_an_entry_moves_both_sides_and_is_answered_with_what_is_left() -> None:
    """Debit and credit move by the amount; the answer carries number, id and the new balances."""
    ledger = Memory()
    command = ask(line(CASH, POOL, 700), line(POOL, FUND, 200), key="first")
    (answer,) = ledger.ask(command)
    assert answer.accepted
    assert (ledger.counters(CASH), ledger.counters(POOL), ledger.counters(FUND)) == (
        (0, 700, 0, 0),
        (0, 200, 0, 700),
        (0, 0, 0, 200),
    )
    balances = {CASH: 700, POOL: 500, FUND: 200}
    assert said(answer) == {"seq": 1, "id": command.eid.hex(), "balances": balances}


def test_lines_of_one_entry_are_judged_together() -> None:
    """Money may pass through an account within an entry: only what is left at the end must keep the floor."""
    ledger = Memory()
    assert ledger.one(line(FUND, NGO, 50), line(POOL, FUND, 50), line(CASH, POOL, 50)).accepted
    assert ledger.counters(FUND) == (0, 50, 0, 50)


def test_a_refused_entry_leaves_nothing() -> None:
    """When the last line breaks a floor, no line moved, no account came into being and no number was used."""
    ledger = Memory(line(CASH, POOL, 100))
    refused = ledger.one(line(CASH, "2600:s7", 5), line(POOL, FUND, 40), line(POOL, NGO, 61))
    assert (refused.code, said(refused)["available"], said(refused)["required"]) == (
        "insufficient_funds",
        100,
        101,
    )
    assert ledger.counters(POOL) == (0, 0, 0, 100)
    assert ledger.state.head.seq == 1
    assert ledger.counters("2600:s7") is None
    assert ledger.counters(FUND) is None
    assert ledger.state.names("2600:s7") == []
    accepted = ledger.one(line(POOL, FUND, 1))
    assert said(accepted)["seq"] == 2
    assert ledger.state.account(FUND).id == 3, "numbers of accounts have no gap either"


def test_holds_count_against_the_floor() -> None:
    """Of six holds of 1,000 on 5,000 five are accepted, and what is held cannot be spent."""
    ledger = Memory(line(CASH, FUND, 5_000))
    answers = ledger.ask(*[ask(line(FUND, NGO, 1_000, PENDING)) for _ in range(6)])
    assert [answer.code for answer in answers] == [""] * 5 + ["insufficient_funds"]
    assert said(answers[5])["available"] == 0
    assert ledger.one(line(FUND, NGO, 1)).code == "insufficient_funds"


def test_money_on_its_way_cannot_be_spent() -> None:
    """What is held to arrive is not there yet."""
    ledger = Memory(line(CASH, POOL, 100))
    assert ledger.one(line(POOL, FUND, 100, PENDING)).accepted
    assert ledger.one(line(FUND, NGO, 1)).code == "insufficient_funds"


@pytest.mark.parametrize(("mode", "amount"), [(POST, 60), (POST, 100), (VOID, 100)])
def test_a_hold_ends_once(mode: object, amount: int) -> None:
    """A post moves all or a part and releases the rest, a void releases all; afterwards nothing can end it again."""
    ledger = Memory(line(CASH, POOL, 100))
    ledger.one(line(POOL, FUND, 100, PENDING), move=("paper", "held", b"{}"))
    (hold,) = ledger.state.holds(2)
    assert ledger.one(ends(hold, mode, amount)).accepted
    moved = amount if mode is POST else 0
    assert ledger.counters(POOL) == (0, moved, 0, 100)
    assert ledger.counters(FUND) == (0, 0, 0, moved)
    for again in (POST, VOID):
        assert ledger.one(ends(hold, again)).code == "pending_already_resolved"


def test_a_hold_cannot_end_twice_in_one_entry() -> None:
    """Two lines of one entry do not both end the same hold."""
    ledger = Memory(line(CASH, POOL, 100))
    ledger.one(line(POOL, FUND, 50, PENDING), line(POOL, FUND, 50, PENDING))
    hold, other = ledger.state.holds(2)
    assert ledger.one(ends(hold, POST), ends(hold, POST)).code == "pending_already_resolved"
    assert ledger.counters(POOL) == (100, 0, 0, 100)
    assert ledger.one(ends(hold, POST), ends(other, VOID)).accepted
    assert ledger.counters(POOL) == (0, 50, 0, 100)


def test_more_than_was_held_cannot_be_posted() -> None:
    """A post above its hold is refused with both numbers."""
    ledger = Memory(line(CASH, POOL, 100))
    ledger.one(line(POOL, FUND, 40, PENDING))
    (hold,) = ledger.state.holds(2)
    refused = ledger.one(ends(hold, POST, 41))
    assert (refused.code, said(refused)["held"], said(refused)["required"]) == ("exceeds_hold", 40, 41)


def test_what_was_never_held_cannot_end() -> None:
    """A posted line, a refused hold and a number that does not exist own no hold."""
    ledger = Memory(line(CASH, POOL, 100))
    assert ledger.one(line(POOL, FUND, 101, PENDING)).code == "insufficient_funds"
    for hold in ((1, 0), (2, 0), (99, 3)):
        assert ledger.one(line(POOL, FUND, 1, POST, hold)).code == "pending_already_resolved"


@pytest.mark.parametrize(("at", "code"), [(4_999, "not_due"), (5_000, ""), (9_000, "")])
def test_a_hold_lapses_at_its_deadline_not_before(at: int, code: str) -> None:
    """An expiry is judged by the command's campaign time."""
    ledger = Memory(line(CASH, POOL, 100))
    ledger.one(line(POOL, FUND, 40, PENDING), deadline=5_000)
    (hold,) = ledger.state.holds(2)
    assert ledger.one(ends(hold, EXPIRE), at=at).code == code


def test_a_hold_without_deadline_never_lapses() -> None:
    """It can be posted or voided, not expired."""
    ledger = Memory(line(CASH, POOL, 100))
    ledger.one(line(POOL, FUND, 40, PENDING))
    (hold,) = ledger.state.holds(2)
    assert ledger.one(ends(hold, EXPIRE), at=2**60).code == "not_due"


def test_a_closed_account_only_sees_its_holds_end() -> None:
    """After closing, lines are refused on either side and for posts, but what is held can be voided."""
    ledger = Memory(line(CASH, POOL, 100))
    ledger.one(line(POOL, FUND, 40, PENDING), line(POOL, FUND, 2, PENDING))
    assert ledger.one(limits=Limits(POOL, 0, None, True)).accepted
    first, second = ledger.state.holds(2)
    for refused in (
        line(POOL, FUND, 1),
        line(CASH, POOL, 1),
        ends(first, POST),
        line(POOL, FUND, 1, PENDING),
    ):
        assert ledger.one(refused).code == "account_closed"
    assert ledger.one(ends(first, VOID), ends(second, VOID)).accepted
    assert ledger.counters(POOL) == (0, 0, 0, 100)


def test_a_ceiling_counts_what_is_on_its_way() -> None:
    """Posted and held together may reach a ceiling, not pass it; what leaves makes room."""
    ledger = Memory(line(CASH, POOL, 100))
    ledger.one(limits=Limits(FUND, 0, 50, False))
    assert ledger.one(line(POOL, FUND, 30, PENDING)).accepted
    refused = ledger.one(line(POOL, FUND, 21))
    assert (refused.code, said(refused)["ceiling"], said(refused)["reached"]) == ("ceiling_exceeded", 50, 51)
    assert ledger.one(line(POOL, FUND, 20)).accepted
    assert ledger.one(line(FUND, NGO, 20)).accepted
    assert ledger.one(line(POOL, FUND, 20)).accepted


def test_bounds_set_later_do_not_trap_what_is_there() -> None:
    """An account outside of new bounds may move towards them, not further away."""
    ledger = Memory(line(CASH, POOL, 100), line(CASH, FUND, 90))
    ledger.one(limits=Limits(POOL, 150, None, False))
    ledger.one(limits=Limits(FUND, 0, 50, False))
    assert ledger.one(line(CASH, POOL, 1)).accepted
    assert ledger.one(line(POOL, NGO, 1)).code == "insufficient_funds"
    assert ledger.one(line(FUND, NGO, 10)).accepted
    assert ledger.one(line(CASH, FUND, 1)).code == "ceiling_exceeded"


def test_a_debit_account_mirrors_the_floor() -> None:
    """Custody grows by debit: holds on its credit side count against its floor."""
    ledger = Memory(line("1100", POOL, 100), line(CASH, FUND, 500))
    assert ledger.one(line(FUND, "1100", 70, PENDING)).accepted
    assert ledger.one(line(FUND, "1100", 31, PENDING)).code == "insufficient_funds"
    assert ledger.one(line(FUND, "1100", 30)).accepted


@pytest.mark.parametrize("amount", [0, -1, MOST + 1, 2**63, 2**200])
def test_an_amount_out_of_range_is_refused(amount: int) -> None:
    """An amount is 1 to 10^12, whatever else is asked."""
    ledger = Memory()
    refused = ledger.one(line(CASH, POOL, 1), line(CASH, POOL, amount))
    assert refused.code == "overflow"
    assert ledger.counters(POOL) is None


def test_the_largest_amount_is_accepted() -> None:
    """10^12 is still an amount."""
    assert Memory().one(line(CASH, POOL, MOST)).accepted


@pytest.mark.parametrize("mode", [None, PENDING])
def test_no_counter_passes_its_limit(mode: object) -> None:
    """At 2^62 a counter is full: one more is refused and nothing wraps, posted or pending."""
    ledger = Memory(line(CASH, "2900", 1))
    full = ledger.state.account("2900")
    full.counters = (0, 0, LIMIT - 5, 0) if mode else (0, 0, 0, LIMIT - 5)
    more = (
        (line(CASH, "2900", 6, mode), line(CASH, "2900", 5, mode))
        if mode
        else (line(CASH, "2900", 6), line(CASH, "2900", 5))
    )
    assert ledger.one(more[0]).code == "overflow"
    assert ledger.one(more[1]).accepted
    assert max(ledger.counters("2900")) == LIMIT


def test_an_event_has_at_most_sixteen_lines() -> None:
    """Sixteen lines are an event; seventeen, or none at all, are a defect of whoever drafted them."""
    assert Memory().one(*[line(CASH, POOL, 1)] * 16).accepted
    for lines in (17, 0):
        with pytest.raises(InvariantError, match=f"{lines} lines"):
            Memory().one(*[line(CASH, POOL, 1)] * lines)


def test_a_line_between_two_assets_is_a_defect() -> None:
    """Beans do not become money; an account does not pay itself."""
    for wrong in (line("2110:u1:20220930", FUND, 1), line(FUND, "2110:u1:20220930", 1), line(POOL, POOL, 1)):
        with pytest.raises(InvariantError, match="a line of"):
            Memory().one(wrong)


def test_a_void_of_a_part_is_a_defect() -> None:
    """Only a post can be of a part: a void that names less would say one thing and do another."""
    ledger = Memory(line(CASH, POOL, 100))
    ledger.one(line(POOL, FUND, 40, PENDING))
    (hold,) = ledger.state.holds(2)
    with pytest.raises(InvariantError, match="only a post"):
        ledger.one(ends(hold, VOID, 39))


def test_openings_come_before_everything_else() -> None:
    """Opening balances are accepted until the first other event, and are known by their kind."""
    ledger = Memory()
    for _ in range(2):
        assert ledger.one(line(CASH, POOL, 10), kind="OPENING", opening=True).accepted
    assert ledger.one(line(POOL, FUND, 1)).accepted
    assert ledger.one(line(CASH, POOL, 10), kind="OPENING", opening=True).code == "openings_closed"
    for kind, opening in (("OPENING", False), ("GIFT", True)):
        with pytest.raises(InvariantError, match="opening"):
            Memory().one(line(CASH, POOL, 10), kind=kind, opening=opening)


def test_an_event_is_corrected_once_even_within_a_batch() -> None:
    """Of two corrections of one event the second is refused; a correction of nothing is not found."""
    ledger = Memory(line(CASH, FUND, 100))
    nobody = ask(line(FUND, CASH, 10), reverses=b"x" * 16)
    assert ledger.ask(nobody)[0].code == "not_found"


def test_documents_move_with_their_events_only() -> None:
    """A refused entry leaves its document where it was; facts stay unless new ones are given."""
    ledger = Memory(line(CASH, POOL, 100))
    ledger.one(line(POOL, FUND, 30, PENDING), move=("order:1", "paid", b"facts"))
    assert ledger.one(line(POOL, FUND, 500), move=("order:1", "lost", b"other")).code == "insufficient_funds"
    paper = ledger.document("order:1")
    assert (paper.state, paper.facts, paper.held) == ("paid", b"facts", 2)
    (answer,) = ledger.ask(ending("order:1", POST, "confirmed"))
    assert (said(answer)["document"], said(answer)["state"]) == ("order:1", "confirmed")
    paper = ledger.document("order:1")
    assert (paper.state, paper.facts, paper.seq, paper.held) == ("confirmed", b"facts", 3, 2)


def test_a_draft_sees_what_came_before_it_in_the_batch() -> None:
    """Drafts are asked one after the other: the second sees the first one's effect, families and all."""
    seen: list[object] = []

    def draft(view: object) -> Entry:
        seen.append((view.available(POOL), view.family("2110:u1"), view.document("paper") is not None))
        return Entry("LOOK", [], None, limits=Limits(NGO, 0, None, False))

    first = ask(line(CASH, POOL, 9), line("3100", "2110:u1:20221001", 4), move=("paper", "new", b""))
    second = ask(line("3100", "2110:u1:20220901", 3), line("3100", "2110:u12:20220901", 3))
    Memory().ask(ask(draft=draft), first, ask(draft=draft), second, ask(draft=draft))
    early, late = ("2110:u1:20220901", 3), ("2110:u1:20221001", 4)
    assert seen == [(0, [], False), (9, [late], True), (9, [early, late], True)]


def test_a_family_may_be_asked_for_more_narrowly() -> None:
    """The hours of one class are those of the user's whose name says so."""
    ledger = Memory(line("3300", "2800:u1:labour:2022", 6), line("3300", "2800:u1:donated:2022", 7))
    seen: list[object] = []

    def draft(view: object) -> Refusal:
        seen.extend([view.family("2800:u1:labour"), len(view.family("2800:u1")), view.family("2800:u1:lab")])
        return Refusal("seen", "")

    ledger.ask(ask(line("3300", "2800:u1:labour:2023", 1)), ask(draft=draft))
    assert seen == [[("2800:u1:labour:2022", 6), ("2800:u1:labour:2023", 1)], 3, []]


# --- keys -----------------------------------------------------------------------------------------------


def test_a_key_has_one_effect_and_one_answer_within_a_batch() -> None:
    """The same key twice in one batch books once and answers twice, byte for byte."""
    ledger = Memory()
    one, two = ledger.ask(ask(line(CASH, POOL, 5), key="a"), ask(line(CASH, POOL, 5), key="a"))
    assert ledger.counters(POOL) == (0, 0, 0, 5)
    assert (two.body, two.seq, two.replayed) == (one.body, one.seq, True)


def test_another_payload_under_a_used_key_is_refused() -> None:
    """The mismatch is named and nothing is booked; the first answer stays."""
    ledger = Memory()
    commands = [ask(line(CASH, POOL, n), key="a", says=str(n)) for n in (5, 6, 5)]
    first, other, again = ledger.ask(*commands)
    assert (first.accepted, other.code, again.body) == (True, "idempotency_mismatch", first.body)
    assert ledger.counters(POOL) == (0, 0, 0, 5)


def test_a_refusal_stays_the_answer_to_its_key() -> None:
    """Even when it would be accepted now, a refused key is answered as before; a new key is not."""
    ledger = Memory()
    refused, _, again, fresh = ledger.ask(
        ask(line(POOL, FUND, 5), key="a"),
        ask(line(CASH, POOL, 5)),
        ask(line(POOL, FUND, 5), key="a"),
        ask(line(POOL, FUND, 5), key="b"),
    )
    assert (refused.code, again.code, again.replayed) == ("insufficient_funds", "insufficient_funds", True)
    assert again.body == refused.body
    assert fresh.accepted


def test_a_key_belongs_to_its_principal() -> None:
    """The same key of another principal is another request."""
    one, two = Memory().ask(
        ask(line(CASH, POOL, 5), key="a"), ask(line(CASH, POOL, 5), key="a", by="sponsor")
    )
    assert one.accepted
    assert two.accepted
    assert said(one)["id"] != said(two)["id"]


# --- atomic groups ----------------------------------------------------------------------------------------


def test_an_atomic_group_is_accepted_whole() -> None:
    """Each command has its own event and answer, and sees the ones before it."""
    ledger = Memory()
    (answers,) = ledger.groups(atomic([ask(line(CASH, POOL, 5)), ask(line(POOL, FUND, 5))]))
    assert [said(answer)["seq"] for answer in answers] == [1, 2]
    assert ledger.counters(FUND) == (0, 0, 0, 5)


def test_an_atomic_group_is_refused_whole() -> None:
    """One refusal takes everything back: balances, accounts, documents, holds and numbers."""
    ledger = Memory(line(CASH, POOL, 100))
    commands = [
        ask(line(POOL, FUND, 60, PENDING), move=("paper", "held", b"")),
        ask(line(CASH, "2600:s9", 1)),
        ask(line(POOL, FUND, 41), key="over"),
    ]
    (answers,) = ledger.groups(atomic(commands))
    assert [(answer.code, said(answer)["index"]) for answer in answers] == [("insufficient_funds", 2)]
    assert ledger.counters(POOL) == (0, 0, 0, 100)
    assert ledger.counters("2600:s9") is None
    assert ledger.document("paper") is None
    assert ledger.state.head.seq == 1
    assert ledger.state.names("2600:s9") == []
    alone = ledger.one(line(POOL, FUND, 41), key="over")
    assert alone.accepted, "what was refused for the group's sake may come again alone"


def test_a_refused_group_stays_refused_under_its_key() -> None:
    """A repeat of the group is answered as before; another group under its key is a mismatch."""
    ledger = Memory()
    over = [ask(line(POOL, FUND, 5), key="x")]
    (first,) = ledger.groups(atomic(over))
    ledger.one(line(CASH, POOL, 5))
    (again,) = ledger.groups(atomic(over))
    (other,) = ledger.groups(atomic(over, says="other"))
    assert (again[0].body, again[0].replayed, other[0].code) == (first[0].body, True, "idempotency_mismatch")


def test_a_repeated_group_has_no_second_effect() -> None:
    """Its commands are answered as before, one by one."""
    ledger = Memory()
    commands = [ask(line(CASH, POOL, 5), key="1"), ask(line(CASH, POOL, 6), key="2")]
    first, again = ledger.groups(atomic(commands), atomic(commands))
    assert [answer.body for answer in again] == [answer.body for answer in first]
    assert all(answer.replayed for answer in again)
    assert ledger.counters(POOL) == (0, 0, 0, 11)


# --- order ------------------------------------------------------------------------------------------------


def test_every_order_of_a_batch_keeps_the_floor() -> None:
    """Whoever comes first gets the money; in no order is more given than there is."""
    for order in permutations([30, 50, 60]):
        ledger = Memory(line(CASH, POOL, 100))
        answers = ledger.ask(*[ask(line(POOL, FUND, amount)) for amount in order])
        left = 100
        for amount, answer in zip(order, answers, strict=True):
            assert answer.accepted == (amount <= left)
            left -= amount if answer.accepted else 0
        assert ledger.counters(POOL) == (0, 100 - left, 0, 100)


def test_the_clock_of_the_journal_rises_whatever_the_wall_says() -> None:
    """Every event is later than the one before, by the wall where it can be."""
    ledger = Memory()
    hour = 3_600_000_000
    for now in (10 * hour, 9 * hour, 9 * hour, 34 * hour):
        ledger.ask(ask(line(CASH, POOL, 1)), ask(line(CASH, POOL, 1)), now_us=now)
        times = [event.ts_us for event, _ in ledger.decision.events]
        assert times == sorted(set(times))
        assert times[0] >= now
    assert times == [34 * hour, 34 * hour + 1]

"""What rules give a person beside a deed's pay: prizes by lot, thanks for a friend, a share in what many do."""

from __future__ import annotations

from sim.behaviour.sharing import share_probability
from sim.behaviour.unsure import lottery_weight
from sim.bookkeeping import Kind
from sim.kernel.allotment import OWED
from sim.kernel.chances import AFTER
from sim.kernel.rules import unit
from sim.streams import Purpose, salt_of
from tests.engine.payer import Rules
from tests.engine.person import BUCKET, DAY_S, NO_DEED, PENDING, SECOND, Errand, Record, World
from tests.engine.promises import Promised
from tests.engine.rulebook import Part, asks_budget, counts_many, is_drawing, is_of_teams

REFUSED = 1


class Taker(Promised):
    """A person to whom rules give something now and then."""

    def __init__(self, world: World, me: int) -> None:
        super().__init__(world, me)
        self.invited_by: dict[int, int] = {}  # by rule, until the first deed

    def take_part(
        self, what: str, t_us: int, slot: int, place: int, live: Rules, deed: int = NO_DEED
    ) -> None:
        """Something was done: draw its lots, count it where many are counted, thank who invited."""
        book, told = self.world.book, len(self.world.records)
        names = list(book.scenario.rules)
        for k, rule in enumerate(book.rules):
            about = k in live and book.concerns(k, what)
            at = t_us + AFTER + len(self.world.records) - told
            if about and counts_many(rule.form):
                self.count_together(k)
            elif about and rule.form.lottery is not None:
                lot = unit(self.world.words(self.me, Purpose.LOTTERY, slot, salt_of(names[k]) | place)[0])
                if lot < (rule.form.lottery.chance or 0) / 1_000_000:
                    self.win(k, at, deed)
            elif k in self.invited_by:
                self.thank_inviter(k, at, deed)

    def count_together(self, k: int) -> None:
        """Once more, in one's own count, and in that of the team or of all."""
        book, counts = self.world.book, self.counts
        counts.number[k] = book.counted(k, counts, self.day) + 1
        counts.since[k] = book.since(k, self.day)
        if not is_drawing(book.rules[k].form):
            self.world.points[1 + k, self.team if is_of_teams(book.rules[k].form) else 0] += 1

    def win(self, k: int, t_us: int, deed: int) -> None:
        """A prize: money is asked of the rule's own pool."""
        lottery = self.world.book.rules[k].form.lottery
        assert lottery is not None
        if not lottery.money:
            self.receive_at_once(k, t_us, lottery.beans, deed)
            return
        self.tell(
            t_us, Kind.PRIZE, fen=lottery.money, pool=self.world.book.pool_of(k), rule=1 + k, deed=deed,
            outcome=PENDING,
        )  # fmt: skip

    def receive_at_once(self, k: int, t_us: int, beans: int, deed: int) -> None:
        """Beans a rule gives by itself: they grow now, or are asked of its budget; none where there is no room."""
        day = t_us // SECOND // DAY_S
        if not beans or sum(self.growing[step] for step in self.earned_on(day)) + beans > BUCKET:
            return
        told = self.tell(t_us, Kind.GRANT, beans=beans, rule=1 + k, deed=deed)
        if asks_budget(self.world.book.rules[k]):
            told["outcome"] = PENDING
        else:
            self.sow(t_us, beans)

    def thank_inviter(self, k: int, t_us: int, deed: int) -> None:
        """The first deed of somebody who was invited pays them, and brings a claim of who invited them."""
        refer, inviter = self.world.book.rules[k].form.refer, self.invited_by.pop(k)
        assert refer is not None
        self.receive_at_once(k, t_us, refer.invitee, deed)
        if refer.inviter:
            self.tell(
                t_us,
                Kind.GRANT,
                beans=refer.inviter,
                rule=1 + k,
                deed=NO_DEED,
                ref=1 + inviter,
                outcome=PENDING,
            )
            self.number -= 1  # it gets one of the inviter's

    def served(self, claim: Record, now_s: int) -> None:
        """A claim on a rule was served: what was granted grows from the barrier's last second on, or comes later."""
        day, own = (now_s - 1) // DAY_S, claim["ref"] == 0
        caps, later = claim["fen"], claim["match"]
        if not own:
            claim |= {"agent": self.me, "number": self.number, "channel": self.channel, "ref": 0}
            claim["t"] = now_s * SECOND - 1
            self.number += 1
        if self.blocked:
            claim["outcome"] = REFUSED
        if claim["kind"] == Kind.PRIZE:
            return
        claim["fen"] = claim["match"] = 0
        if sum(self.growing[step] for step in self.growing if step // DAY_S == day) + claim["beans"] > BUCKET:
            claim["outcome"] = REFUSED
        if claim["outcome"] != 0:
            claim["minutes"] = 0
            self.put_back(claim["beans"], caps, day, own)
        elif later:
            claim["outcome"] = OWED
            wait = max(later, now_s + 1 - claim["t"] // SECOND)
            part = Part(claim["rule"] - 1, claim["beans"], claim["minutes"], later=wait)
            self.promise(claim["t"], part, claim["klass"], claim["deed"])
            self.next_s = min(self.next_s, self.errands[0].due)
        else:
            self.new_day(day)
            self.sow((now_s - 1) * SECOND, claim["beans"])
            before = sum(self.minutes)
            claim["minutes"] = self.credit(claim["minutes"], claim["klass"], own=False)
            self.reach_benefits(claim["t"], before)
            self.next_s = min(self.next_s, (day + 1) * DAY_S)

    def put_back(self, beans: int, caps: int, day: int, own: bool) -> None:
        """What was refused counts neither under the caps that had counted it nor as the day's."""
        for k in range(len(self.world.book.rules)):
            if caps >> k & 1:
                self.counts.number[k] -= min(beans, self.world.book.counted(k, self.counts, day))
        if own and self.day == day:
            self.beans_today -= min(beans, self.beans_today)

    def on_later(self, e: Errand) -> None:
        """What a rule promised is due; a blocked account has lost it."""
        self.world.count["beans_promised"] -= e.price
        if self.blocked:
            return
        day, before = e.due // DAY_S, sum(self.minutes)
        held = sum(self.growing[step] for step in self.growing if step // DAY_S == day)
        beans = min(e.price, BUCKET - held)
        minutes = self.credit(e.fen >> 1, e.fen & 1, own=False)
        self.tell(
            e.due * SECOND, Kind.GRANT, beans=beans, minutes=minutes, klass=e.fen & 1, deed=e.party,
            rule=1 + e.project,
        )  # fmt: skip
        self.new_day(day)
        if beans:
            self.sow(e.due * SECOND, beans)
        self.reach_benefits(e.due * SECOND, before)

    def passes_on(self, base: float, sure: int, begins: float) -> float:
        """The chance to tell of a gift, for sure beans, and for those that come if who is reached begins to play."""
        R, book = self.world.rules, self.world.book
        hoped = 0.0
        for k in self.live:
            if (refer := book.rules[k].form.refer) is not None:
                hoped += begins * refer.inviter
        kept = 1.0
        if hoped > 0.0:
            weight = lottery_weight(begins, R.choice_weight_lottery, R.choice_weight_coin)
            kept = (sure + hoped * weight) / (sure + hoped)
        yuan = (sure + hoped) * self.world.public.felt_yuan
        return share_probability(base, yuan, R.sharing_cost_yuan, R.choice_slope, kept)

    def new_to(self) -> frozenset[int]:
        """What holds, less the drawings in which this person takes part already today."""
        book = self.world.book
        return frozenset(
            k for k in self.live
            if not (is_drawing(book.rules[k].form) and book.counted(k, self.counts, self.day))
        )  # fmt: skip

"""What comes back to a person from a barrier: places, vouchers, beans spent, a partner's records, friends."""

from __future__ import annotations

from sim.bookkeeping import Kind
from sim.domain.hours import service_minutes
from sim.kernel.rules import unit
from sim.streams import OF_ORDERS, Purpose
from tests.engine.payer import BESIDE
from tests.engine.person import DAY_S, DONATED, LABOUR, SECOND, Errand, Record
from tests.engine.rulebook import Part
from tests.engine.shopper import Shopper


class Claimant(Shopper):
    """A person who shops and has claims that barriers decide."""

    def decided(self, claim: Record, now_s: int) -> None:
        """One claim of this person was served. A record's minutes are written back to it."""
        kind, count = claim["kind"], self.world.count
        accepted = claim["outcome"] == 0
        self.claiming = False
        day = min(claim["t"] // SECOND // DAY_S, len(self.world.days) - 1)
        period = self.world.days[day].period
        if kind == Kind.GIFT:
            count["matched_fen"] += claim["match"]
        elif kind == Kind.ORDER_CONFIRM:
            count["order_match_fen"] += claim["match"]
        elif kind == Kind.SIGN_UP:
            self.serving = accepted
            if accepted:
                at = self.world.all_activities[claim["party"]]
                due = max(at.start_s, now_s + 1)
                self.file(Errand(due, claim["ref"], "serve", at.minutes, claim["deed"], at.project, at.id))
        elif not accepted:
            count["bean_gift_refused" if kind == Kind.BEAN_GIFT else "redeem_refused"] += 1
        elif kind == Kind.BEAN_GIFT:
            self.spend(claim["beans"], period)
            self.reach_goal(claim)
            before = sum(self.minutes)
            claim["minutes"] = self.credit(self.world.deeds[claim["deed"]].minutes, DONATED)
            self.reach_benefits(claim["t"], before)
            count.update(beans_donated=claim["beans"], bean_fen=claim["fen"])
        else:
            count["beans_held"] += claim["beans"]
            self.reach_goal(claim)
            self.expect_voucher(claim, self.spend(claim["beans"], period), now_s)
        if self.errands:
            self.next_s = min(self.next_s, self.errands[0].due)

    def reach_goal(self, claim: Record) -> None:
        """Who has used a goal's beans at once starts afresh: without a head start, and with a slump."""
        book = self.world.book
        goals = [goal for k in self.rules_at(claim["t"]) if (goal := book.rules[k].form.goal) is not None]
        if any(goal.beans and claim["beans"] >= goal.beans for goal in goals):
            self.endowed = False
            self.slump_until = claim["t"] // SECOND // DAY_S + int(self.world.rules.goal_slump_days)

    def expect_voucher(self, claim: Record, period: int, now_s: int) -> None:
        """It is shipped some time from now, or now and then cancelled."""
        voucher = self.world.vouchers[claim["deed"]]
        lots = self.world.fate(self.me, Purpose.SERVICE, claim["ref"], 1)
        then = "voucher_cancel" if unit(lots[0]) < voucher.cancel else "voucher_ship"
        due = now_s + 3600 + int(unit(lots[1]) * voucher.ship_s)
        self.file(Errand(due, claim["ref"], then, claim["beans"], period, -1, claim["deed"]))

    def on_voucher_ship(self, e: Errand) -> None:
        self.tell(e.due * SECOND, Kind.REDEEM_SHIP, beans=e.price, ref=e.ref, deed=e.party)
        self.world.count["beans_redeemed"] += e.price

    def on_voucher_cancel(self, e: Errand) -> None:
        """The beans come back to the period they came from."""
        self.tell(e.due * SECOND, Kind.REDEEM_CANCEL, beans=e.price, ref=e.ref, deed=e.party)
        self.world.count["beans_released"] += e.price
        self.available[e.fen] += e.price

    def on_serve(self, e: Errand) -> None:
        """The day of service; some do not come."""
        self.serving = False
        lots = self.world.fate(self.me, Purpose.SERVICE, e.ref)
        if unit(lots[0]) < self.world.rules.no_show:
            return
        before = sum(self.minutes)
        told = self.tell(e.due * SECOND, Kind.DEED, ref=e.ref, party=e.party, project=e.project, deed=e.fen)
        told["team"] = int(self.in_team)
        stayed = e.price - int(unit(lots[1]) * self.world.rules.activities_leaves_early * e.price)
        plays = self.player and not self.gone
        if plays:
            self.new_day(e.due // DAY_S)
        base = Part(None, self.world.deeds[e.fen].beans if plays else 0, service_minutes(stayed))
        live = self.rules_at(e.due * SECOND) if plays else ()
        parts = self.earn(self.name(e.fen), told["t"], base, LABOUR, live)
        told["beans"], told["minutes"] = parts[0].beans, parts[0].minutes
        self.tell_grants(parts, told["t"], LABOUR, e.fen)
        if plays:
            self.take_part(self.name(e.fen), told["t"], e.ref // 2, OF_ORDERS + e.ref % 2, live, e.fen)
        self.world.count["deeds"] += 1
        self.reach_benefits(e.due * SECOND + BESIDE, before)

    def uploaded(self, now_us: int, external: int, minutes: int) -> None:
        """A partner's record of this person's service."""
        before = sum(self.minutes)
        self.tell(now_us, Kind.IMPORT, minutes=self.credit(minutes, LABOUR), ref=external)
        self.world.count["imported_minutes"] += minutes
        self.reach_benefits(now_us, before)

    def befriended(self, claim: Record, now_s: int) -> None:
        """A friend reached this person: who does not play yet begins now, and rules remember whom to thank for it."""
        if not self.player and not self.gone and now_s // DAY_S < len(self.world.days):
            self.enter(now_s - 1)
            self.next_s = min(self.next_s, self.play_s)
            rules = [k for k in range(len(self.world.book.rules)) if claim["fen"] >> k & 1]
            self.invited_by |= dict.fromkeys(rules, claim["agent"])
        claim["fen"] = 0

"""The shopping half of a person: visits, orders, and each charity order's way to its confirmation."""

from __future__ import annotations

from bisect import bisect_right
from math import exp
from types import SimpleNamespace

from sim.behaviour.choice import crossed
from sim.bookkeeping import Kind
from sim.domain.pledges import donation_fen
from sim.kernel.rules import delay_s, exponential, micro, poisson_count, unit
from sim.streams import OF_ORDERS, Purpose
from tests.engine.payer import BESIDE, ORDER
from tests.engine.person import DAY_S, DONATED, NEVER, NO_DEED, SECOND, Errand, Record
from tests.engine.promises import usual_match
from tests.engine.rulebook import Part
from tests.engine.taker import Taker

QUANTILES = 4096


class Shopper(Taker):
    """A person who shops."""

    def orders_a_day(self) -> float:
        R, u = self.world.rules, unit(self.trait[0])
        if u >= R.regular_share:
            return R.occasional_rate
        return R.regular_rate * self.trait_value(0, int(u / R.regular_share * QUANTILES))

    def next_visit(self, t: int, word: int) -> int:
        """An exponential time later, in visits of this shopper; 'upto' is a broken line over seconds."""
        edges, upto = self.world.edges, self.world.upto
        rate = self.orders_a_day() * self.world.rules.visits_per_order
        if rate <= 0.0:
            return NEVER
        k = bisect_right(edges, t) - 1
        now = upto[k] + (upto[k + 1] - upto[k]) * ((t - edges[k]) / (edges[k + 1] - edges[k]))
        target = now + exponential(word) / rate
        if target >= upto[-1]:
            return NEVER
        k = bisect_right(upto, target) - 1
        at = edges[k] + (edges[k + 1] - edges[k]) * ((target - upto[k]) / (upto[k + 1] - upto[k]))
        return max(int(at), t + 1)

    def shop(self, t: int) -> None:
        """A visit: perhaps orders, perhaps the beginning of play."""
        world, R = self.world, self.world.rules
        lots = world.words(self.me, Purpose.VISIT, t)
        self.visit_s = self.next_visit(t, lots[0])
        hour = world.bins[bisect_right(world.edges, t) - 1]
        orders = hour.orders
        if hour.festival:
            joins = unit(world.words(self.me, Purpose.FESTIVAL, hour.festival)[0])
            if joins >= R.takes_part[hour.festival - 1]:
                if unit(lots[1]) >= hour.keep:
                    return
                orders = hour.plain_orders
        world.traffic["visit", t] += 1
        world.count["visits"] += 1
        if R.record_all:
            self.tell(t * SECOND + micro(world.words(self.me, Purpose.VISIT, t, 1)[0]), Kind.VISIT)
        for n in range(poisson_count(lots[2], orders)):
            self.order(t, n, hour)
            if world.public.counting:
                world.ordered[self.me] += 1
        new = not self.player and not self.gone
        if R.play_open and new and unit(lots[3]) < self.chance_to_enter(t // DAY_S):
            self.enter(t)

    def chance_to_enter(self, day: int) -> float:
        """By all channels that reach, and likelier by what is on offer that day."""
        R = self.world.rules
        base = R.entry_per_visit * sum(R.channel_pull[k] for k in self.ways)
        return crossed(base, R.visit_join * self.drawn_by(day, self.as_newcomer(day), 1.0))

    def found(self, t: int, n: int, festival: int) -> SimpleNamespace:
        """Products come by popularity until one is taken: by its label, on which beans of the order count for who
        gets them; whom a friend's post has reached on the day of a festival passes by what does not give."""
        R = self.world.rules
        keen = bool(R.orders_pay) and self.player and not self.gone
        kept = self.world.public.kept_cofunds
        shown = next(self.covering(kept, self.rules_at(t * SECOND)), None) if kept else None
        look = 4 * keen + (0 if shown is None else 1 + kept.index(shown))  # there is room for three promises
        reached = False
        if festival:
            draw = self.world.words(self.me, Purpose.FESTIVAL, festival, 1)
            reached = unit(draw[0]) < self.world.public.reached
        words = self.world.words(self.me, Purpose.BASKET, t, n)
        for k in range(32):
            item = self.by_popularity(words[0], words[1])
            words = self.world.words(self.me, Purpose.BASKET, t, n + 64 * (k + 1))
            gives = item.project != -1
            if k == 31 or unit(words[2]) < item.taken[look] * (
                1.0 if gives or not reached else exp(-R.label_friend)
            ):
                break
        return item

    def by_popularity(self, word: int, coin: int) -> SimpleNamespace:
        products = self.world.products
        row = products[(word * len(products)) >> 32]
        return row if unit(coin) < row.keep else products[row.other]

    def order(self, t: int, n: int, hour: SimpleNamespace) -> None:
        world, R = self.world, self.world.rules
        lots = world.words(self.me, Purpose.BASKET, t, n)
        item = self.found(t, n, hour.festival)
        price = max(int(R.price_median * item.price * hour.price + 0.5), 1)
        at = t * SECOND + micro(lots[2])
        world.traffic["order", t] += 1
        world.count["orders"] += 1
        if item.project == -1:
            if R.record_all:
                self.tell(at, Kind.ORDER, price=price, party=item.merchant)
            return
        world.traffic["charity order", t] += 1
        world.count["charity_orders"] += 1
        fen = donation_fen(price, item.ppm, item.fixed)
        errand = Errand(t, t * 128 + n, "pay", price, fen, item.project, item.merchant)
        self.tell_order(Kind.ORDER_CREATE, errand, at)
        life = world.fate(self.me, Purpose.LIFE, errand.ref)
        if unit(life[0]) < R.cancel:
            errand.then, errand.due = "cancel", t + R.pay_within_s
        else:
            in_presale = R.presale_from_s <= t < R.presale_until_s and unit(lots[3]) < R.presale_share
            errand.due = (R.balance_s if in_presale else t) + 2 + int(unit(life[1]) * R.pay_within_s)
        self.file(errand)

    def tell_order(self, kind: Kind, e: Errand, at: int | None = None, **more: int) -> Record:
        """An action of an order; after its creation, at the microsecond of the order's own."""
        if at is None:
            at = e.due * SECOND + micro(self.life_of(e, 2)[0])
        return self.tell(
            at, kind, fen=e.fen, price=e.price, ref=e.ref, project=e.project, party=e.party, **more
        )

    def life_of(self, e: Errand, sub: int) -> tuple[int, int, int, int]:
        return self.world.fate(self.me, Purpose.LIFE, e.ref, sub)

    def on_cancel(self, e: Errand) -> None:
        self.tell_order(Kind.ORDER_CANCEL, e)
        self.world.count["cancelled"] += 1

    def on_pay(self, e: Errand) -> None:
        self.tell_order(Kind.ORDER_PAY, e)
        self.world.count.update(pledged_fen=e.fen, paid_price_fen=e.price)
        shipped = e.due + 60 + int(unit(self.life_of(e, 0)[2]) * self.world.rules.ship_within_s)
        self.file(Errand(shipped, e.ref, "ship", e.price, e.fen, e.project, e.party))

    def on_ship(self, e: Errand) -> None:
        self.tell_order(Kind.ORDER_SHIP, e)
        confirmed = e.due + self.days_to_confirmation(e)
        refunded = unit(self.life_of(e, 2)[1]) < self.world.rules.refund_before
        due = confirmed
        if refunded:
            due = e.due + 3600 + int((confirmed - e.due) * unit(self.life_of(e, 2)[2]))
        self.file(Errand(due, e.ref, "refund" if refunded else "confirm", e.price, e.fen, e.project, e.party))

    def days_to_confirmation(self, e: Errand) -> int:
        """Seconds from shipping to confirmation: by hand after delivery, at the latest by the timer."""
        R = self.world.rules
        hand = self.life_of(e, 0)[3]
        delivered, slow, kind, _ = self.life_of(e, 1)
        if unit(kind) < R.virtual_share:
            timer = R.virtual_timer_s
        elif unit(kind) < R.virtual_share + R.mail_share:
            timer = R.mail_timer_s
        else:
            timer = R.express_timer_s
        if unit(hand) >= R.by_hand:
            return timer
        delivery = delay_s(R.delivery_median_s, R.delivery_sigma, R.normal[delivered >> 20])
        return min(delivery + delay_s(R.by_hand_median_s, R.by_hand_sigma, R.normal[slow >> 20]), timer)

    def on_refund(self, e: Errand) -> None:
        self.tell_order(Kind.ORDER_REFUND, e)
        self.world.count.update(refunded=1, refunded_fen=e.fen, refunded_price_fen=e.price)

    def on_late_refund(self, e: Errand) -> None:
        self.tell_order(Kind.REFUND_LATE, e)
        self.world.count["late_refunds"] += 1

    def on_confirm(self, e: Errand) -> None:
        """The donation moves, perhaps matched; it counts as donated time and may let beans grow."""
        R = self.world.rules
        told = self.tell_order(Kind.ORDER_CONFIRM, e, klass=DONATED)
        before = sum(self.minutes)
        plays = bool(R.orders_pay) and self.player and not self.gone
        if plays:
            self.new_day(e.due // DAY_S)
        live = self.rules_at(e.due * SECOND) if plays else ()
        base = Part(None, R.order_beans if plays else 0, R.order_minutes)
        parts = self.earn(ORDER, told["t"], base, DONATED, live)
        told["minutes"] = parts[0].minutes
        self.world.count.update(confirmed=1, confirmed_fen=e.fen, confirmed_price_fen=e.price)
        promise = self.first_promise(self.world.public.cofunds, self.rules_at(e.due * SECOND), e.fen)
        if promise:
            self.ask(told, promise, usual_match(promise, e.fen))
        if parts[0].beans:
            self.tell(told["t"] + 1, Kind.DEED, beans=parts[0].beans, deed=NO_DEED)
        self.tell_grants(parts, told["t"] + 1, DONATED)
        if plays:
            self.take_part(ORDER, told["t"] + 1, e.ref // 2, OF_ORDERS + e.ref % 2, live)
        self.reach_benefits(told["t"] + 1 + BESIDE, before)
        if unit(self.life_of(e, 2)[3]) < R.refund_after:
            self.file(
                Errand(
                    e.due + int(self.world.rules.orders_late_refund_days * DAY_S),
                    e.ref,
                    "late_refund",
                    e.price,
                    e.fen,
                    e.project,
                    e.party,
                )
            )

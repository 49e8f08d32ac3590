"""The tables of a result and their columns: what the engine writes and the figures read."""

from __future__ import annotations

from dataclasses import dataclass

_TRAFFIC = {
    "t": "start of the period, µs since the start of the scenario",
    "visits": "shopping visits",
    "orders": "orders created",
    "charity_orders": "orders created whose product carries a pledge",
    "pledged_fen": "donations pledged by orders paid, fen",
    "confirmed_fen": "donations paid at confirmation, fen",
}


@dataclass(frozen=True)
class Table:
    """One table: what its rows are, and column → meaning with unit."""

    about: str
    columns: dict[str, str]


TABLES: dict[str, Table] = {
    "minutes": Table("Traffic by minute, in the fine windows only.", _TRAFFIC),
    "hours": Table(
        "Traffic by hour.",
        {**_TRAFFIC, "sessions": "play sessions", "deeds": "deeds of the catalogue done"},
    ),
    "days": Table(
        "One row a simulated day.",
        {
            "day": "day since the start, 0 = first",
            "date": "calendar date, Asia/Shanghai",
            "participants": "players who played that day",
            "new_players": "users who became players",
            "visits": "shopping visits",
            "orders": "orders created",
            "charity_orders": "orders created with a pledge",
            "pledged_fen": "donations pledged, fen",
            "confirmed_fen": "donations confirmed, fen",
            "refunded_fen": "pledged donations refunded, fen",
            "gifts": "money gifts",
            "gift_fen": "money of gifts, fen",
            "matched_fen": "sponsors' match, fen",
            "bean_gift_fen": "sponsors' money for donated beans, fen",
            "unlocked_fen": "money unlocked by teams, fen",
            "beans_issued": "beans credited",
            "beans_harvested": "beans picked",
            "beans_donated": "beans given to projects",
            "beans_redeemed": "beans of vouchers shipped",
            "beans_expired": "beans faded or expired",
            "beans_revoked": "beans taken back",
            "growing": "beans growing at the day close",
            "available": "beans available at the day close",
            "minutes_labour": "charity minutes of labour",
            "minutes_donated": "charity minutes of donation",
            "disbursed_fen": "money paid out to projects, fen",
            "helped": "people helped by that day's disbursements",
            "subsidy_fen": "match and the value of beans donated or redeemed, fen",
            "farmer_subsidy_fen": "subsidy that went to farmers, fen",
            "refunds": "orders refunded",
            "shares": "times somebody told friends",
            "deeds": "deeds of the catalogue done",
            "sessions": "play sessions",
            "general_participation": "general participation (泛公益), worth no hours",
            "pool_left_fen": "money left in all pools at the day close, fen",
        },
    ),
    "hour_profile": Table(
        "Share of each hour of the day on ordinary days outside the fine window.",
        {
            "hour": "hour of the day, 0–23",
            "visits_pct": "share of the day's visits, %",
            "orders_pct": "share of the day's orders, %",
            "page_views_pct": "the same of page views in the data, %",
            "purchases_pct": "the same of purchases in the data, %",
        },
    ),
    "festival_curve": Table(
        "The festival day's cumulative orders at the published instants.",
        {
            "after_s": "seconds after midnight",
            "simulated": "cumulative share of the day's orders",
            "published": "the published share",
        },
    ),
    "cash": Table(
        "Donations of the orders created on the festival day, by day of pledge and of confirmation.",
        {
            "day": "days after the festival",
            "confirmed_fen": "donations confirmed, fen",
            "pledged_fen": "donations pledged, fen",
        },
    ),
    "projects": Table(
        "One row a project.",
        {
            "project": "number",
            "name": "name",
            "cause": "education, illness, poverty or environment",
            "ngo": "number of its NGO",
            "target_fen": "target, fen",
            "raised_fen": "money raised, fen",
            "disbursed_fen": "money paid out, fen",
            "order_fen": "from charity orders, fen",
            "gift_fen": "from gifts, fen",
            "match_fen": "from sponsors' match, fen",
            "bean_fen": "from donated beans, fen",
            "team_fen": "from teams, fen",
            "helped": "people its payments helped, as a fraction",
            "score": "score of the project evaluation",
            "limited": "has a target and a deadline",
            "funded": "reached its target",
        },
    ),
    "ngos": Table(
        "One row an NGO.",
        {
            "ngo": "number",
            "name": "name",
            "size": "relative size",
            "projects": "its projects",
            "raised_fen": "money raised by them, fen",
            "trust": "trust at the end",
            "reports": "reports published",
            "late": "reports that came late",
        },
    ),
    "merchants": Table(
        "One row a merchant.",
        {
            "merchant": "number",
            "name": "name",
            "category": "category of its goods",
            "size": "relative size",
            "margin": "margin, share of the price",
            "takes_part": "has at least one pledged product",
            "products": "products",
            "pledged_products": "of them with a pledge",
            "charity_orders": "orders of its pledged products",
            "donated_fen": "donations confirmed, fen",
            "notices": "other good deeds, such as missing-child notices on parcels",
            "badge": "shows the charity badge",
        },
    ),
    "pledges": Table(
        "Histogram of the donation per charity order.",
        {"donation_fen": "donation of an order, fen", "orders": "charity orders with it"},
    ),
    "teams": Table(
        "One row a team.",
        {
            "team": "number",
            "name": "name",
            "project": "number of its project",
            "members": "members",
            "points": "points earned",
            "unlocked_fen": "money unlocked, fen",
            "rank": "place in the ranking, 1 = first",
        },
    ),
    "pools": Table(
        "Sponsors' pools by hour.",
        {
            "t": "µs since the start of the scenario",
            "pool": "name in the scenario",
            "sponsor": "its sponsor",
            "left_fen": "money left, of a closed pool what was left at its close, fen",
            "spent_fen": "money spent so far, fen",
        },
    ),
    "budgets": Table(
        "One row a sponsor's pool, at the end of the run.",
        {
            "pool": "name in the scenario",
            "sponsor": "its sponsor",
            "serves": "gifts, beans, orders or teams",
            "real_fen": "its total in the scenario, at real size, fen",
            "total_fen": "that total at simulated size, fen",
            "deposited_fen": "put in by its openings, fen",
            "spent_fen": "given, fen",
            "left_fen": "left over; given back when the pool is closed, fen",
            "dry_at": "when it ran dry for good, µs since the start, to the next barrier; null if it did not",
            "dry_spells": "how often it ran dry, openings that came after included",
            "unmet_claims": "claims it cut or refused, gifts and confirmed orders while dry; null for teams",
            "unmet_fen": "what it would have paid them by its rule within its caps, fen; null for teams",
        },
    ),
    "channels": Table(
        "One row an ecosystem channel.",
        {
            "channel": "name in the scenario",
            "label": "label",
            "new_players": "new players who came through it",
            "sessions": "play sessions",
            "deeds": "deeds done",
            "gifts": "money gifts",
        },
    ),
    "segments": Table(
        "One row a segment of users.",
        {
            "segment": "name in the scenario",
            "label": "label",
            "users": "users",
            "new_players": "of them those who became players during the run",
            "sessions": "play sessions",
            "deeds": "deeds done",
            "gifts": "money gifts",
            "gift_fen": "money of gifts, fen",
        },
    ),
    "retention": Table(
        "New players by age.",
        {
            "age_days": "days since a new player came",
            "cohort": "new players who could reach that age within the run",
            "active": "of them, those who played on that day",
        },
    ),
    "deeds": Table(
        "One row a deed of the catalogue.",
        {
            "deed": "name in the scenario",
            "label": "label",
            "kind": "labour, donated or general",
            "times": "times done",
            "beans": "beans issued for it",
            "minutes": "charity minutes credited for it",
        },
    ),
    "sources": Table(
        "Money raised by source and cause.",
        {"source": "order, gift, match, beans or team", "cause": "cause of the project", "fen": "money, fen"},
    ),
    "abuse": Table(
        "Honest users and farmers.",
        {
            "group": "honest or farmer",
            "accounts": "accounts",
            "blocked": "of them blocked",
            "subsidy_fen": "subsidy received, fen",
            "beans_issued": "beans issued",
        },
    ),
    "benefits": Table(
        "Benefits of the charity account.",
        {"benefit": "name in the scenario", "label": "label", "reached": "holders who reached its threshold"},
    ),
    "buyers": Table(
        "Concentration of orders of regular shoppers over 31 ordinary days.",
        {
            "percentile": "the busiest so many percent of shoppers, 1–100",
            "share_of_orders": "their cumulative share of the orders",
        },
    ),
}

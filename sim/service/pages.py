"""The one table of what can be read, for routes, OpenAPI and the authorisation matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sim.service import answers as a
from sim.service import messages as m
from sim.service import views

_BOUND_BY = {"2400": "project", "2600": "pool"}  # accounts whose owner a key may be bound to


class Page(NamedTuple):
    """One GET of one id. `owner` is the object that a key which is not bound to everything must be bound to."""

    path: str
    look_up: Callable[..., Any]
    answer: type
    owner: Callable[[str], str] = lambda id: ""
    pattern: str = m.ID_PATTERN
    paged: bool = False
    scope: str = "ledger:read"

    @property
    def parameters(self) -> tuple[str, ...]:
        """What may stand in its query."""
        return ("cursor", "limit") if self.paged else ()


def _of_project(id: str) -> str:
    return f"project:{id}"


def _of_pool(id: str) -> str:
    return f"pool:{id}"


def _of_account(name: str) -> str:
    code, _, owner = name.partition(":")
    return f"{_BOUND_BY[code]}:{owner}" if code in _BOUND_BY else ""


_NAME = m.ACCOUNT_PATTERN
ALL: tuple[Page, ...] = (
    Page("/v1/users/{id}/balances", views.user, a.Balances),
    Page("/v1/orders/{id}", views.order, a.DocumentPage),
    Page("/v1/redemptions/{id}", views.redemption, a.DocumentPage),
    Page("/v1/disbursements/{id}", views.disbursement, a.DocumentPage),
    Page("/v1/projects/{id}", views.project, a.ProjectPage, _of_project),
    Page("/v1/projects/{id}/flow", views.flow, a.Flow, _of_project, paged=True),
    Page("/v1/pools/{id}", views.pool, a.PoolPage, _of_pool),
    Page("/v1/rules/{id}", views.rule, a.RulePage),
    Page("/v1/accounts/{id}", views.account, a.AccountPage, _of_account, _NAME),
    Page("/v1/accounts/{id}/transfers", views.transfers, a.Lines, _of_account, _NAME, True),
    Page("/v1/events/{id}", views.event, a.EventLine, pattern=m.EVENT_PATTERN),
)

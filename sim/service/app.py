"""The ASGI application: POSTs of the table on their fast way, everything else through Starlette."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sim.ledger.ledger import Ledger, Unavailable
from sim.ledger.stores import StoreError
from sim.service import batches, heads, operations, pages
from sim.service.administration import Administration
from sim.service.answers import Health, Readiness
from sim.service.batches import Batches
from sim.service.bodies import Disconnected
from sim.service.desk import Desk
from sim.service.gets import Gets, Handler, json
from sim.service.logs import log
from sim.service.metrics import Collector
from sim.service.posts import Posts, defect, refusal
from sim.service.problems import Problem, refused
from sim.service.readers import Readers


class App:
    """One ledger's application. `open` is called on the running loop before the first request."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.posts, self._batches = Posts(desk), Batches(desk)
        self.readers: Readers
        self._rest: Starlette

    def open(self, ledger: Ledger) -> None:
        """Begin to serve a ledger whose writer runs."""
        self.desk.start(ledger)
        self.readers = Readers(ledger.store.reader, self.desk.policy.readers)
        self._registry = CollectorRegistry()
        self._registry.register(Collector(self.desk.counts, ledger))
        self._rest = Starlette(
            routes=self._routes(),
            exception_handlers={
                Problem: _on_problem,
                HTTPException: _on_http,
                Unavailable: _on_unavailable,
                StoreError: _on_store,
                Disconnected: _on_leaving,
                Exception: _on_defect,
            },
        )
        self._rest.router.redirect_slashes = False  # a path has one spelling; and Host is not to be believed

    def close(self) -> None:
        """Finish what is being read."""
        self.readers.close()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] == "http" and scope["method"] == "POST":
            path = scope["path"]
            if path == batches.PATH:
                return await self._batches(scope, receive, send)
            found = operations.find(path)
            if found is not None:
                return await self.posts(*found, scope, receive, send)
        await self._rest(scope, receive, send)

    def _routes(self) -> list[Route]:
        gets, keys = Gets(self.desk, self.readers), Administration(self.desk, self.readers)
        return [
            *(_route(page.path, gets.page(page), *page.parameters) for page in pages.ALL),
            _route("/v1/export", gets.export, "after", "limit"),
            _route("/v1/audit", gets.audit),
            _route("/v1/keys", keys.all_or_make, methods=("GET", "POST")),
            _route("/v1/keys/{id}/revoke", keys.revoke, methods=("POST",)),
            _route("/v1/keys/{id}/rotate", keys.rotate, methods=("POST",)),
            _route("/healthz", self.healthz),
            _route("/readyz", self.readyz),
            _route("/metrics", self.metrics),
            _route("/openapi.json", self.openapi),
        ]

    # --- the server's own pages ---------------------------------------------------------------------------

    async def healthz(self, request: Request) -> Response:
        """The process answers."""
        return json(Health("ok"))

    async def readyz(self, request: Request) -> Response:
        """Whether requests are taken, and what the server promises."""
        ledger = self.desk.ledger
        said = Readiness(
            ledger.health,
            ledger.state.head.seq,
            ledger.store.durability,
            self.desk.policy.campaign_clock,
            ledger.trouble or UNSET,
        )
        answer = json(said, 200 if ledger.health == "ready" else 503)
        if ledger.health != "ready":
            answer.headers["Retry-After"] = "1"
        return answer

    async def metrics(self, request: Request) -> Response:
        """For Prometheus."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

    async def openapi(self, request: Request) -> Response:
        """The OpenAPI document."""
        from sim.service.openapi import printed

        return Response(printed(), media_type="application/json")


def _route(path: str, answer: Handler, *parameters: str, methods: tuple[str, ...] = ("GET",)) -> Route:
    """A route whose requests have a head that says one thing, and no parameter that is not known."""

    async def guarded(request: Request) -> Response:
        heads.read(request.scope, *parameters)
        return await answer(request)

    return Route(path, guarded, methods=methods)


def _problem(request: Request, code: str, body: bytes, extra: dict[str, str] | None = None) -> Response:
    status, headers, answer = refusal(request.url.path, code, body)
    response = Response(answer, status)
    response.raw_headers = [*headers, *((k.encode(), v.encode()) for k, v in (extra or {}).items())]
    return response


async def _on_problem(request: Request, trouble: Exception) -> Response:
    assert isinstance(trouble, Problem)
    return _problem(request, trouble.code, trouble.body)


async def _on_http(request: Request, trouble: Exception) -> Response:
    assert isinstance(trouble, HTTPException)
    path = request.url.path
    if path == batches.PATH or (operations.find(path) and trouble.status_code == 404):
        return _not_so(request, {"allow": "POST"})
    if trouble.status_code == 405:
        return _not_so(request, dict(trouble.headers or {}))
    return _problem(request, "not_found", refused("not_found", "there is no such path; see /openapi.json"))


def _not_so(request: Request, allowed: dict[str, str]) -> Response:
    code = "method_not_allowed"
    return _problem(request, code, refused(code, "the header Allow says how"), allowed)


async def _on_unavailable(request: Request, trouble: Exception) -> Response:
    assert isinstance(trouble, Unavailable)
    return _problem(request, trouble.code, refused(trouble.code, str(trouble)))


async def _on_store(request: Request, trouble: Exception) -> Response:
    log.error("the store cannot be read", extra={"trouble": str(trouble)})
    return _problem(
        request, "storage_unavailable", refused("storage_unavailable", "the store cannot be read")
    )


async def _on_leaving(request: Request, trouble: Exception) -> Response:
    return Response()  # nobody reads it


async def _on_defect(request: Request, trouble: Exception) -> Response:
    problem = defect(trouble)
    return _problem(request, problem.code, problem.body)

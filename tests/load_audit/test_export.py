"""The export as pages: over HTTP, from a file, from an adapter; whatever it is not is said in words."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from loadtests.auditing import export
from loadtests.auditing.export import pages_of_adapter, pages_of_file, pages_of_http
from sim.errors import UsageError
from tests.load_audit.running import wandering_run

LINES = [json.dumps(line) for line in wandering_run(2, 120).lines]


def flat(pages: Iterator[list[export.Event]]) -> list[int]:
    """The seqs of all pages."""
    return [event.seq for page in pages for event in page]


@contextmanager
def serving(status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """A server of the export on 127.0.0.1: where it listens, and the paths it was asked for."""
    asked: list[str] = []

    class Export(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path)
            query = parse_qs(urlsplit(self.path).query)
            after, limit = int(query["after"][0]), int(query["limit"][0])
            allowed = self.headers["Authorization"] == "Bearer secret"
            body = (
                "".join(f"{line}\n" for line in LINES[after : after + limit])
                if allowed
                else '{"code":"unauthorized"}'
            )
            self.send_response(status if allowed else 401)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Export)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_pages_are_asked_for_after_the_last_seq_until_one_is_empty() -> None:
    """No event is read twice and none is left out, however the head falls."""
    with serving() as (host, asked):
        assert flat(pages_of_http(host, "secret", page=30)) == list(range(1, len(LINES) + 1))
    assert asked == [f"/v1/export?after={k}&limit=30" for k in [*range(0, len(LINES), 30), len(LINES)]]


@pytest.mark.parametrize(("token", "status", "said"), [("wrong", 200, "401"), ("secret", 503, "503")])
def test_an_answer_that_is_no_export_is_an_error(token: str, status: int, said: str) -> None:
    """It names the path and what the ledger said."""
    with serving(status) as (host, _), pytest.raises(UsageError, match=f"/v1/export.* answered {said}"):
        flat(pages_of_http(host, token))


def test_a_ledger_that_does_not_listen_is_an_error() -> None:
    """Port 1 answers nobody."""
    with pytest.raises(UsageError, match="cannot be reached"):
        flat(pages_of_http("http://127.0.0.1:1", "secret"))


@pytest.mark.parametrize("block", [1, 7, 1000, 1 << 22])
@pytest.mark.parametrize("end", ["\n", ""])
def test_a_file_is_read_in_blocks_of_whole_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, end: str
) -> None:
    """Wherever blocks end, and with or without a last line break."""
    monkeypatch.setattr(export, "BLOCK", block)
    file = tmp_path / "export.ndjson"
    file.write_text("\n".join(LINES) + end, encoding="utf-8")
    assert flat(pages_of_file(file)) == list(range(1, len(LINES) + 1))


@pytest.mark.parametrize(
    "line",
    [
        "{", '{"seq":1}', '{"seq":"1","id":"a","transfers":[]}',
        '{"seq":1,"id":"a","transfers":[["sent","1100","2600:s0","CNY",1,null]]}',
        '{"seq":1,"id":"a","transfers":[["posted","1100","2600:s0","CNY",1.5,null]]}',
        '{"seq":1,"id":"a","transfers":[["posted","1100","2600:s0","CNY",1]]}',
    ],
)  # fmt: skip
def test_a_file_that_is_no_export_is_an_error(tmp_path: Path, line: str) -> None:
    """Cut lines, missing fields, unknown modes, fractions of a fen."""
    file = tmp_path / "export.ndjson"
    file.write_text(line, encoding="utf-8")
    with pytest.raises(UsageError, match="export.ndjson: is no export of a ledger"):
        flat(pages_of_file(file))


def test_a_number_that_no_ledger_can_hold_is_an_error() -> None:
    """An amount beyond 2^63 is refused, with the seq before the page it stands in."""
    run = wandering_run(2, 60)
    line = copy.deepcopy(run.lines[1])
    line["transfers"] = [["posted", "1100", "2600:s0", "CNY", 2**63, None]]
    with pytest.raises(UsageError, match=r"numbers beyond 2\^63 after seq 0"):
        run.with_lines([run.lines[0], line]).audit()


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """It is named."""
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        flat(pages_of_file(tmp_path / "nothing.ndjson"))


def test_what_an_adapter_tells_is_paged(monkeypatch: pytest.MonkeyPatch) -> None:
    """(id, seq, postings …) become events; nothing told is not the same as nothing there."""
    monkeypatch.setattr(export, "PAGE", 2)
    posting = ("posted", "1100", "2600:s0", "CNY", 5, None)
    pages = pages_of_adapter([("a", 1, posting, posting), ("b", 2), ("c", 3, posting)])
    assert pages is not None
    assert [[(e.id, len(e.transfers)) for e in page] for page in pages] == [[("a", 2), ("b", 0)], [("c", 1)]]
    assert pages_of_adapter(None) is None
    assert flat(pages_of_adapter([]) or iter([])) == []


@pytest.mark.parametrize("told", [("a",), ("a", "x"), ("a", 1, ("posted", "1100"))])
def test_an_adapter_that_tells_nonsense_is_an_error(told: tuple[Any, ...]) -> None:
    """Not an audit that passes."""
    with pytest.raises(UsageError, match="tells no events"):
        flat(pages_of_adapter([told]) or iter([]))

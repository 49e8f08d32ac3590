"""Whatever the machine refuses anywhere ends in one line with the right exit code."""

from __future__ import annotations

import errno
import os

import pytest

from sim import cli
from sim.errors import Interrupted, InvariantError, UsageError

ENDINGS = [
    (UsageError("no"), 2, "no"),
    (InvariantError("wrong"), 4, "wrong"),
    (Interrupted("stopped"), 130, "stopped"),
    (KeyboardInterrupt(), 130, "interrupted"),
    *(
        (OSError(code, os.strerror(code), "place"), 1, "place: ")
        for code in (errno.ENOSPC, errno.EIO, errno.EMFILE)
    ),
    *(
        (OSError(code, os.strerror(code), "place"), 2, "place: ")
        for code in (errno.ENOENT, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.EEXIST)
    ),
    (OSError("no number"), 1, "no number"),
]


@pytest.mark.parametrize(("error", "code", "words"), ENDINGS)
def test_an_error_is_one_line_with_its_exit_code(
    error: BaseException,
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """1 for the machine's own, 2 for what was named, and each of ours as on its page."""

    def app() -> None:
        raise error

    monkeypatch.setattr(cli, "app", app)
    monkeypatch.setattr(cli, "hush", lambda: None)
    with pytest.raises(SystemExit) as end:
        cli.main()
    said = capsys.readouterr().err
    assert (end.value.code, said.count("\n")) == (code, 1)
    assert said.startswith(words)
    assert not isinstance(error, OSError) or "is kept" in said

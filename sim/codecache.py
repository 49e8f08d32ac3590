"""Compiled code on disk: never required, never trusted unseen.

One file holds one specialisation of one function: a line that says what it is, the SHA-256 of the rest, and the rest.
A file is read only if it belongs to this user, nobody else may write it and its hash is right, for what is in it is
code: damaged code aborts the process, another's code would run as ours. Whatever fails is a miss, and the function is
compiled. Files appear whole by renaming, so processes that compile at once do each other no harm.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from sim.softly import warn

SETTINGS: Any = numba.config  # filled at run time
FORMAT = b"beanpeak code 1\n"
HASH_BYTES = 32
KEPT_FOLDERS = 8  # of other versions of the sources: a few checkouts beside each other
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_told: set[str] = set()


def tell_once(about: str, line: str) -> None:
    """One line on stderr about each thing in a process, however many functions meet it."""
    if about not in _told:
        _told.add(about)
        warn(line)


# --- where ---------------------------------------------------------------------------------------------


def user_folder() -> Path | None:
    """The folder of this user's compiled code, private and there; None if there can be none.

    It is in NUMBA_CACHE_DIR if that is given, else where caches of the user belong. If that fails, it is this
    user's own among the temporary files. Says so in one line when it is not where it should be.
    """
    wanted, problem = None, "there is no home directory"
    try:
        wanted = _wanted()
        if wanted is not None:
            return _private(wanted)
    except OSError as error:
        problem = f"{wanted or SETTINGS.CACHE_DIR}: {error.strerror or error}"
    try:
        folder = _private(Path(tempfile.gettempdir()) / _mine())
    except OSError:
        tell_once(
            "folder",
            f"compiled code is not kept, every process compiles again: {problem}; set XDG_CACHE_HOME",
        )
        return None
    tell_once("folder", f"compiled code is kept in {folder}: {problem}")
    return folder


def _wanted() -> Path | None:
    """Where the user, the XDG rules (a relative path is to be ignored) or else the home directory put it."""
    if SETTINGS.CACHE_DIR:
        return Path(SETTINGS.CACHE_DIR).absolute() / _mine()
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if given.is_absolute():
        return given / "beanpeak"
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises where there is none
    return home / ".cache" / "beanpeak" if home.is_absolute() and home.is_dir() else None


def _mine() -> str:
    """A name of our own in a folder that is shared with other users."""
    return f"beanpeak-{os.geteuid()}"


def _private(folder: Path) -> Path:
    """The folder, made if need be, which only this user can write. Raises OSError if that cannot be."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise OSError("is no folder but a link; name the folder itself")
    if found.st_uid != os.geteuid():
        raise OSError("belongs to another user")
    if found.st_mode & OTHERS_WRITE:
        raise OSError(f"can be written by others; `chmod 700 {folder}` makes it private")
    if stat.S_IMODE(found.st_mode) & 0o077:
        with suppress(OSError):  # a disk that cannot be written
            folder.chmod(0o700)
    return folder


class Shelf:
    """The folder for one version of the sources, found when first needed."""

    def __init__(self, version: Callable[[], str]) -> None:
        self._version = version

    @cached_property
    def folder(self) -> Path | None:
        """The folder, or None when nothing is kept."""
        above = user_folder()
        if above is None:
            return None
        folder = above / self._version()
        with suppress(OSError):
            os.utime(folder)  # the newest are those that were used last
        return folder

    def read(self, name: str) -> bytes | None:
        """What was written under a name, or None if that cannot be trusted or is not there."""
        if self.folder is None:
            return None
        file = self.folder / name
        try:
            data = _own_bytes(file)
        except FileNotFoundError:
            return None
        except OSError as error:
            tell_once("file", f"{file}: not used, its function is compiled anew: {error.strerror or error}")
            return None
        kept = _checked(data)
        if kept is None:
            tell_once("file", f"{file}: is damaged; its function is compiled anew")
        return kept

    def write(self, name: str, data: bytes) -> None:
        """Keep bytes under a name, whole or not at all."""
        if self.folder is None:
            return
        try:
            first = not self.folder.exists()
            self.folder.mkdir(mode=0o700, exist_ok=True)
            _write_whole(self.folder / name, FORMAT + hashlib.sha256(data).digest() + data)
        except OSError as error:
            tell_once("write", f"{self.folder}: compiled code is not kept: {error.strerror or error}")
            return
        if first:
            remove_old(self.folder.parent, self.folder)


def _own_bytes(file: Path) -> bytes:
    """The bytes of a file that only this user can have written. Raises OSError."""
    handle = os.open(file, READ)
    with os.fdopen(handle, "rb") as opened:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError("is no file")
        if found.st_uid != os.geteuid():
            raise OSError("belongs to another user")
        if found.st_mode & OTHERS_WRITE:
            raise OSError("can be written by others")
        return opened.read()


def _checked(data: bytes) -> bytes | None:
    """What is behind the hash, if the hash is right."""
    start = len(FORMAT) + HASH_BYTES
    kept = data[start:]
    return kept if data[:start] == FORMAT + hashlib.sha256(kept).digest() else None


def _write_whole(file: Path, data: bytes) -> None:
    """A file of this user's alone under its name when it is whole. Raises OSError with nothing left behind."""
    handle, name = tempfile.mkstemp(prefix=".", suffix=".new", dir=file.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(data)
        Path(name).replace(file)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def remove_old(above: Path, present: Path) -> None:
    """Keep the folders of versions that were used last; another process that uses one compiles anew."""

    def used() -> Iterator[tuple[float, Path]]:
        for folder in above.iterdir():
            if re.fullmatch(r"[0-9a-f]{16}", folder.name) and folder != present and not folder.is_symlink():
                yield folder.stat().st_mtime, folder

    with suppress(OSError):
        for _, folder in sorted(used(), reverse=True)[KEPT_FOLDERS:]:
            shutil.rmtree(folder, ignore_errors=True)


# --- what ----------------------------------------------------------------------------------------------


class CodeCache(FunctionCache):
    """What Numba asks for compiled code of one function, and hands what it compiled."""

    def __init__(self, function: Callable[..., Any], shelf: Shelf) -> None:
        self._py_func = function
        self._shelf = shelf
        self._name = f"{function.__module__}.{function.__qualname__}".replace("<", "").replace(">", "")
        self._enabled = Path(function.__code__.co_filename).is_file()  # not in a notebook's cell

    @property
    def cache_path(self) -> str | None:
        """For Numba's own statistics."""
        return str(self._shelf.folder) if self._shelf.folder else None

    def flush(self) -> None:
        """Nothing to do: a damaged or foreign file is a miss already."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled form for a signature, or None."""
        if not self._enabled:
            return None
        target_context.refresh()
        try:
            key = self._key(sig, target_context.codegen())
            data = self._shelf.read(self._file(key))
            if data is None:
                return None
            kept_key, reduced = pickle.loads(data)
            return CompileResult._rebuild(target_context, *reduced) if kept_key == key else None  # type: ignore[no-untyped-call]
        except Exception as error:
            tell_once("file", f"{self._name}: kept code cannot be used, compiled anew: {error}")
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled form if it can be kept."""
        if not self._enabled or data.library.has_dynamic_globals:
            return
        try:
            key = self._key(sig, data.codegen)
            self._shelf.write(self._file(key), dumps((key, data._reduce())))  # type: ignore[no-untyped-call]
        except Exception as error:
            tell_once("write", f"{self._name}: compiled code is not kept: {error}")

    def _key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        """Numba's own (signature, machine, bytecode), and the text: bytecode knows no constants."""
        own = self._index_key(sig, codegen)  # type: ignore[no-untyped-call]
        return own, _text_hash(self._py_func.__code__.co_filename)

    def _file(self, key: tuple[Any, ...]) -> str:
        """A key that prints another way in another process is a miss there, never a wrong hit."""
        return f"{self._name}-{hashlib.sha256(repr(key).encode()).hexdigest()[:16]}.code"


@cache
def _text_hash(file: str) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()

"""How compiled rules are put together: a rule that others call is only written down, a door is made native.

Left to itself Numba optimises every function, makes native code and two wrappers for it, and does all of it again in
each of its callers, though Python calls hardly any of them. Here a rule that is called by another stays what the
compiler wrote down. What Python calls is a door: it takes in all it reaches, each rule once, and is optimised,
wrapped and made native in one go. A rule that is called from both sides is simply compiled for both.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import binding, ir
from numba.core import cgutils, compiler, types, typing
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import CPUDispatcher

from sim.borrowing import RuleCompiler


@contextmanager
def nothing_collected() -> Iterator[None]:
    """The compiler's millions of small objects are no garbage yet: looking through them takes a tenth of its time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


OPTIONS = {"nopython": True, "nogil": True, "no_cfunc_wrapper": True}


def plain(kind: Any) -> Any:
    """The type that an argument is handed over as: numbers arrive as int64 and float64.

    Numba would compile a rule anew for each literal integer and each width of a column it is called with.
    """
    wide = types.unliteral(kind)  # type: ignore[no-untyped-call]
    if isinstance(wide, types.Integer):
        return types.int64
    return types.float64 if isinstance(wide, types.Float) else wide


class Draft(JITCodeLibrary):
    """The code of one rule as it was written down, and the drafts of those it calls."""

    def add_ir_module(self, ir_module: ir.Module) -> None:
        """Take the text in as it stands."""
        text = cgutils.normalize_ir_text(str(ir_module))  # type: ignore[no-untyped-call]
        self._final_module.link_in(binding.parse_assembly(text))

    def add_linking_library(self, library: Any) -> None:
        """Remember whom the rule calls."""
        if library not in self._linking_libraries:
            self._linking_libraries.append(library)

    def finalize(self) -> None:
        """There is nothing to do but to forbid changes."""
        self._finalized = True

    def reached(self) -> list[Any]:
        """The libraries of all that this rule calls, and of what they call, each once."""
        found: dict[Any, None] = {}
        waiting = list(self._linking_libraries)
        while waiting:
            library = waiting.pop()
            if library not in found:
                found[library] = None
                waiting += getattr(library, "_linking_libraries", [])
        return list(found)


class Door(Draft):
    """The code of what Python calls, with the code of everything it reaches."""

    def finalize(self) -> None:
        """Optimise once what is reached, all of it together."""
        self._linking_libraries = self.reached()
        JITCodeLibrary.finalize(self)

    def _optimize_final_module(self) -> None:
        """One full pass: Numba's cheap one before it is there for references to be seen, and costs speed."""
        passes, builder = self._codegen._module_pass_manager()
        passes.run(self._final_module, builder)


class Rule(CPUDispatcher):
    """A function that is compiled when it is first called, from Python as a door, from a rule as a draft."""

    def __init__(self, function: Callable[..., Any], cache: Any) -> None:
        super().__init__(function, targetoptions=OPTIONS)
        self._cache = cache
        self._compiler.compile = self._door
        self._drafts: dict[tuple[Any, ...], Any] = {}

    def _door(self, args: tuple[Any, ...], result: Any) -> Any:
        with nothing_collected():
            return self._compiled(Door, args, result)

    def _compiled(self, library: type[Draft], args: tuple[Any, ...], result: Any) -> Any:
        """What Numba's compiler makes of the function, in a library of this kind."""
        flags = compiler.Flags()
        self.targetdescr.options.parse_as_flags(flags, self.targetoptions)
        flags.no_compile = flags.no_cpython_wrapper = library is Draft
        made = library(self.targetctx.codegen(), self.py_func.__qualname__)
        made.enable_object_caching()
        return compiler.compile_extra(
            self.typingctx, self.targetctx, self.py_func, args, result, flags, self.locals, made, RuleCompiler
        )

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """For a rule that calls this one: how, and what comes back."""
        pysig, found = self._compiler.fold_argument_types(args, kws)
        args = tuple(map(plain, found))
        with global_compiler_lock:
            draft = self._drafts.get(args) or self._draft(args)
        name = self.py_func.__name__
        return typing.make_concrete_template(name, name, [draft.signature]), pysig, args, {}

    def _draft(self, args: tuple[Any, ...]) -> Any:
        made = self._compiled(Draft, args, None)
        draft = made._replace(entry_point=object())
        self.targetctx.insert_user_function(draft.entry_point, draft.fndesc, [draft.library])
        self._drafts[args] = draft
        return draft

    def get_overload(self, args: Any) -> Any:
        """What stands for the draft with these arguments while its caller is written down."""
        return self._drafts[tuple(args)].entry_point

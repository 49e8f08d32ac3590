"""How compiled rules are put together: a rule that others call is only written down, a door is made native.

Left to itself Numba optimises every function, makes native code and two wrappers for it, and does all of it again in
each of its callers, though Python calls hardly any of them. Here a rule that is called by another stays what the
compiler wrote down. What Python calls is a door: it takes in all it reaches, each rule once, and is optimised,
wrapped and made native in one go. A rule that is called from both sides is compiled for both.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import binding, ir  # type: ignore[import-untyped]
from numba.core import cgutils, compiler, errors, types, typing
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import CPUDispatcher

OPTIONS = {"nopython": True, "nogil": True, "no_cfunc_wrapper": True}
Types = tuple[Any, ...]
NUMBA: Any = compiler  # its classes are filled at run time


class Draft(JITCodeLibrary):
    """The code of one rule as it was written down, and the libraries of those it calls."""

    counts = True  # references to arrays

    def add_ir_module(self, ir_module: ir.Module) -> None:
        """Take the text in as it stands."""
        text = cgutils.normalize_ir_text(str(ir_module))  # type: ignore[no-untyped-call]
        self._final_module.link_in(binding.parse_assembly(text))

    def add_linking_library(self, library: Any) -> None:
        """Remember whom the rule calls."""
        self._linking_libraries.append(library)

    def finalize(self) -> None:
        """There is nothing to do but to forbid changes."""
        self._finalized = True


class Door(Draft):
    """The code of what Python calls, with the code of everything it reaches."""

    def finalize(self) -> None:
        """Take in what is reached, each library once, and optimise all of it together."""
        reached, waiting = dict[Any, None](), list(self._linking_libraries)
        while waiting:
            library = waiting.pop()
            if library not in reached:
                reached[library] = None
                waiting += library._linking_libraries if isinstance(library, Draft) else []
        self._linking_libraries = list(reached)
        JITCodeLibrary.finalize(self)  # type: ignore[no-untyped-call]

    def _optimize_final_module(self) -> None:
        """One full pass; where nothing is counted, Numba's cheap one before it only costs speed."""
        if self.counts:
            JITCodeLibrary._optimize_final_module(self)  # type: ignore[no-untyped-call]
            return
        passes, builder = self._codegen._module_pass_manager()  # type: ignore[no-untyped-call]
        passes.run(self._final_module, builder)


class Rule(CPUDispatcher):
    """A function that is compiled when it is first called: from Python as a door, from a rule as a draft."""

    def __init__(self, function: Callable[..., Any], cache: Any, makes: bool) -> None:
        super().__init__(function, targetoptions=OPTIONS | {"_nrt": makes})
        self._cache = cache
        self._makes = makes
        self._how: Any = vars(self)["_compiler"]
        self._how.compile = self._door  # what the dispatcher asks when it finds nothing kept
        self._drafts: dict[Types, Any] = {}

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """For a rule that calls this one: how, and what comes back."""
        pysig, found = self._how.fold_argument_types(args, kws)
        wide = tuple(map(plain, found))
        with global_compiler_lock:
            if wide not in self._drafts:
                self._drafts[wide] = self._draft(wide)
        name = self.py_func.__name__
        template = typing.templates.make_concrete_template(name, name, [self._drafts[wide].signature])  # type: ignore[no-untyped-call]
        return template, pysig, wide, {}

    def get_overload(self, args: Any) -> Any:
        """What stands for the draft with these arguments while its caller is written down."""
        return self._drafts[tuple(args)].entry_point

    def _draft(self, args: Types) -> Any:
        made = self._compile(Draft, args, None)._replace(entry_point=object())
        context: Any = self.targetctx
        context.insert_user_function(made.entry_point, made.fndesc, [made.library])
        return made

    def _door(self, args: Types, result: Any) -> Any:
        with nothing_collected():
            made = self._compile(Door, args, result)
        for constants in made._find_referenced_environments():  # those of the drafts, as when code is loaded
            made.library.codegen.set_env(constants.env_name, constants)
        return made

    def _compile(self, kind: type[Draft], args: Types, result: Any) -> Any:
        """What Numba makes of the function, in a library of this kind."""
        context: Any = self.targetctx
        flags = NUMBA.Flags()
        options: Any = self.targetdescr.options
        options.parse_as_flags(flags, self.targetoptions)
        flags.no_compile = flags.no_cpython_wrapper = kind is Draft
        library: Any = kind(context.codegen(), self.py_func.__qualname__)
        library.counts = self._makes
        library.enable_object_caching()
        made = NUMBA.compile_extra(
            self.typingctx, context, self.py_func, args, result, flags, self.locals, library
        )
        back = made.signature.return_type
        if not self._makes and context.data_model_manager[back].contains_nrt_meminfo():
            raise errors.TypingError(f"{self.py_func.__qualname__} hands back {back}: it is a making rule")
        return made


def plain(kind: Any) -> Any:
    """The type that an argument is handed over as: numbers arrive as int64 and float64.

    Numba would compile a rule anew for each literal integer and each width of a column it is called with.
    """
    wide = types.unliteral(kind)  # type: ignore[no-untyped-call]
    if isinstance(wide, types.Integer):
        return types.int64
    return types.float64 if isinstance(wide, types.Float) else wide


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

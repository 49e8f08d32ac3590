"""Who holds the arrays: a rule borrows what it is handed, and only one that makes arrays counts references.

Numba counts a reference for every array that passes through a variable, a field or a call, atomically and in the
hottest loops. But whoever calls a rule holds what it hands over until the rule is back. So a rule that makes no array
and gives none back has nothing to count; that is looked up in the types of everything it does.
"""

from __future__ import annotations

from typing import Any

from numba.core import compiler, ir, types
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.typed_passes import NopythonTypeInference

VIEWS = ("getitem", "static_getitem")


@register_pass(mutates_CFG=False, analysis_only=False)
class Borrowing(FunctionPass):
    """Turns the counting off for a rule that only borrows."""

    _name = "borrowing"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        """Looks at a typed rule."""
        if makes(state):
            return False
        state.flags.nrt = False
        state.targetctx = state.targetctx.subtarget(enable_nrt=False)
        return True


def makes(state: Any) -> bool:
    """True if the rule may hold what nobody else does: it gives back or makes an array, a list, a text …"""

    def counted(kind: Any) -> bool:
        return bool(state.targetctx.data_model_manager[kind].contains_nrt_meminfo())

    def only_looks(done: Any, how: Any) -> bool:
        """A part of an array that is there, or a tuple of arrays that are."""
        if isinstance(done, ir.Expr) and done.op in VIEWS:
            return not any(counted(kind) for kind in how.args[1:])
        called = done.op == "call" and state.typemap[done.func.name]
        return isinstance(called, types.NamedTupleClass)

    if counted(state.return_type):
        return True
    if any(counted(kind) for kind in state.typemap.values() if not isinstance(kind, (types.Array, types.BaseTuple))):
        return True
    return any(
        how is not None and counted(how.return_type) and not only_looks(done, how)
        for done, how in state.calltypes.items()
    )


class RuleCompiler(compiler.CompilerBase):
    """Numba's passes, and ours after types are known."""

    def define_pipelines(self) -> list[Any]:
        """One way, without a way out into plain Python."""
        passes = compiler.DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.add_pass_after(Borrowing, NopythonTypeInference)
        passes.finalize()
        return [passes]

"""What every command has in common: an option is given once and not empty, and Ctrl-C is one line.

`strict(app)` says so to all commands of an app and of the apps inside it, whoever wrote them.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from sim.errors import Interrupted

STOPPED = "interrupted; what was finished before is kept"


class Strict:
    """Mixed into a command or a group of commands."""

    def make_parser(self, ctx: Any) -> Any:
        """A parser that refuses an option given twice, of which one would be ignored, or given empty.

        `--host "$STAGING"` with a variable that is not set would otherwise load another ledger.
        """
        parser = super().make_parser(ctx)  # type: ignore[misc]
        parse = parser.parse_args

        def once(args: list[str]) -> Any:
            options, rest, order = parse(args=args)
            for option, times in () if ctx.resilient_parsing else Counter(order).items():
                if times > 1 and not _repeatable(option):
                    raise typer.BadParameter("given twice; give it once", ctx=ctx, param=option)
                if option.param_type_name == "option" and options.get(option.name) == "":
                    raise typer.BadParameter("is empty; give a value, or leave it out", ctx=ctx, param=option)
            return options, rest, order

        parser.parse_args = once
        return parser

    def invoke(self, ctx: Any) -> Any:
        """Run the command. Raises Interrupted where it was stopped and said nothing itself."""
        try:
            return super().invoke(ctx)  # type: ignore[misc]
        except KeyboardInterrupt:
            raise Interrupted(STOPPED) from None


def _repeatable(option: Any) -> bool:
    return bool(option.multiple or option.count or option.nargs != 1)


def strict(app: typer.Typer) -> typer.Typer:
    """The app, with every command and group in it strict."""
    own = app.info.cls
    app.info.cls = _strict(own if isinstance(own, type) else TyperGroup)
    for command in app.registered_commands:
        command.cls = _strict(command.cls or TyperCommand)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            strict(group.typer_instance)
    return app


def _strict(cls: type) -> Any:
    return cls if issubclass(cls, Strict) else type(cls.__name__, (Strict, cls), {})

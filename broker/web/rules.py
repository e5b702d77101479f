"""Routes that cost nothing before they are used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


class LazyRule(Rule):
    """Makes the function that builds its address when somebody first builds one. There are hundreds of routes, each would
    compile two such functions at start, and hardly any is ever called.

    `_compile_builder` is Werkzeug's own affair: under another name there, this is merely not called any more.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled: list[Callable[..., tuple[str, str]]] = []

        def build(rule: LazyRule, **values: Any) -> tuple[str, str]:
            if not compiled:
                compiled.append(super()._compile_builder(append_unknown))
            return compiled[0](rule, **values)

        return build

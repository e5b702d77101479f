"""YAML that somebody sent: plain values only, and no more of them than the text has room for.

`yaml.safe_load` makes no objects, but a page of aliases of aliases stands for more values than any memory holds, and an
unquoted day becomes a date where a setting wants text. Owns reading; what the values mean is `declarative`'s.
"""

from __future__ import annotations

import math
from typing import Any

import yaml

MAX_VALUES = 1_000_000
"""Of one text, every alias counted as often as it is used."""

_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class YamlError(ValueError):
    """Why it cannot be read, in words."""


class _Loader(yaml.SafeLoader):
    """Days stay text, as everywhere else in configuration."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read(data: str | bytes) -> Any:
    """Maps, lists, texts, numbers, yes and no, and nothing. Raises YamlError."""
    loader = None
    try:
        loader = _Loader(data)
        node = loader.get_single_node()
        if node is None:
            return None
        if _values(node, {}) > MAX_VALUES:
            raise YamlError(f"its aliases stand for more than {MAX_VALUES} values")
        content = loader.construct_document(node)
        _check(content)
        return content
    except RecursionError as error:
        raise YamlError("it is nested too deeply") from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise error if isinstance(error, YamlError) else YamlError(str(error)) from error
    finally:
        if loader is not None:
            loader.dispose()


def _values(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values it stands for. A node inside itself stands for endlessly many."""
    found = known.get(id(node))
    if found is None:
        known[id(node)] = MAX_VALUES + 1  # until it is known: met again meanwhile, it contains itself
        parts = node.value if isinstance(node, yaml.CollectionNode) else ()
        inside = [one for part in parts for one in (part if isinstance(part, tuple) else (part,))]
        found = known[id(node)] = 1 + sum(_values(one, known) for one in inside)
    return found


def _check(value: Any) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            if not isinstance(name, str):
                raise YamlError(f"names are text, not {name!r}")
            _check(inner)
    elif isinstance(value, list):
        for inner in value:
            _check(inner)
    elif isinstance(value, float) and not math.isfinite(value):
        raise YamlError(f"{value} is no number that can be stored")
    elif not (value is None or isinstance(value, str | bool | int | float)):
        raise YamlError(f"a {type(value).__name__} is not understood here")
    elif isinstance(value, str) and "\x00" in value:
        raise YamlError("text cannot contain U+0000")

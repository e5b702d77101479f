"""What hubs of one test process share, because it follows from the code alone: the table of routes and compiled SQL.

Every hub still registers each of its routes and asks each of its questions; only work that gives the same result for every
hub is done once. Nothing that a hub knows is in here.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Engine, event
from sqlalchemy.util import LRUCache
from werkzeug.routing import Map, Rule, RuleFactory


def share() -> None:
    """From now on, in this process."""
    Flask.url_map_class = SharedMap
    event.listen(Engine, "engine_connect", _with_shared_statements)


class SharedMap(Map):
    """Routes that were added in the same order with the same properties make the same table: it is compiled once."""

    _compiled: dict[Hashable, Map] = {}

    def __init__(self, *rules: Any, **settings: Any) -> None:
        self._added: list[Rule] = []
        self._settings = settings
        super().__init__(*rules, **settings)

    def add(self, rulefactory: RuleFactory) -> None:
        for rule in rulefactory.get_rules(self):
            # What binding a rule takes from the map, as the map is at this moment.
            rule.strict_slashes = self.strict_slashes if rule.strict_slashes is None else rule.strict_slashes
            rule.merge_slashes = self.merge_slashes if rule.merge_slashes is None else rule.merge_slashes
            self._added.append(rule)
        self._remap = True

    def update(self) -> None:
        if self._remap:
            compiled = self._same()
            self._matcher, self._rules_by_endpoint, self._remap = compiled._matcher, compiled._rules_by_endpoint, False

    def _same(self) -> Map:
        key = (repr(self._settings), self.merge_slashes, *map(_properties, self._added))
        if key not in self._compiled:
            made = Map(**{**self._settings, "merge_slashes": self.merge_slashes})
            for rule in self._added:
                made.add(rule)
            made.update()
            self._compiled[key] = made
        return self._compiled[key]


def _properties(rule: Rule) -> Hashable:
    """All that was said about it."""
    return (
        type(rule), rule.rule, rule.endpoint, frozenset(rule.methods or ()), rule.strict_slashes, rule.merge_slashes,
        rule.subdomain, rule.host, repr(rule.defaults), rule.build_only, rule.alias, rule.redirect_to, rule.websocket,
        getattr(rule, "provide_automatic_options", None),
    )  # fmt: skip


class SharedStatements(LRUCache[Any, Any]):
    """SQLAlchemy keeps compiled statements by dialect object and statement. Hubs' dialects differ in their names only."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_by_name(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_by_name(key), value)


def _by_name(key: Any) -> Any:
    dialect, *statement = key
    return (dialect.name, dialect.driver, *statement)


_statements = SharedStatements(2000)


def _with_shared_statements(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_statements)

"""Core statements of the login path, compiled once per dialect.

SQLAlchemy would build a cache key from the statement at every execution, which costs more than the query itself. A
`Statement` keeps the compiled text and the type conversions, and hands both to the driver.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql import ClauseElement

from broker.store.db import leave_out_values

Converter = Callable[[Any], Any]
Row = tuple[Any, ...]


class _Compiled:
    def __init__(self, element: ClauseElement, dialect: Dialect) -> None:
        compiled = element.compile(dialect=dialect)
        self.text = str(compiled)
        binds = {compiled.bind_names[bind]: bind for bind in compiled.bind_names}  # type: ignore[attr-defined]
        order: Sequence[str] = compiled.positiontup if compiled.positional else list(binds)  # type: ignore[attr-defined]
        self.positional = bool(compiled.positional)  # type: ignore[attr-defined]
        self.fixed = {name: bind.value for name, bind in binds.items() if not bind.required}
        self.order: list[tuple[str, Converter | None]] = [
            (name, binds[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in order
        ]
        columns = getattr(compiled, "_result_columns", None) or []
        self.results: list[Converter | None] = [
            column[3].dialect_impl(dialect).result_processor(dialect, None) for column in columns
        ]
        self.converts = any(self.results)

    def parameters(self, values: dict[str, Any]) -> Any:
        given = {**self.fixed, **values} if self.fixed else values
        # Comprehensions: a generator would cost more than what it does for a handful of values.
        if self.positional:
            return [given[name] if convert is None else convert(given[name]) for name, convert in self.order]
        return {name: given[name] if convert is None else convert(given[name]) for name, convert in self.order}

    def row(self, raw: Any) -> Row:
        if not self.converts:
            return tuple(raw)
        return tuple([value if convert is None else convert(value) for value, convert in zip(raw, self.results, strict=True)])


def _executed(connection: Connection, compiled: _Compiled, values: dict[str, Any]) -> Any:
    """The driver's own cursor, inside whatever transaction the connection is in. SQLAlchemy does not see its errors."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(compiled.text, compiled.parameters(values))
    except Exception as error:
        cursor.close()
        leave_out_values(error)
        raise
    return cursor


class Statement:
    """A select, insert, update or delete with `bindparam`s. Rows come back as tuples in the order of the columns."""

    def __init__(self, element: ClauseElement, by_dialect: dict[str, ClauseElement] | None = None) -> None:
        self._elements = by_dialect or {}
        self._element = element
        self._compiled: dict[str, _Compiled] = {}

    def first(self, connection: Connection, **values: Any) -> Row | None:
        compiled = self._for(connection)
        with closing(_executed(connection, compiled, values)) as cursor:
            raw = cursor.fetchone()
        return None if raw is None else compiled.row(raw)

    def all(self, connection: Connection, **values: Any) -> list[Row]:
        compiled = self._for(connection)
        with closing(_executed(connection, compiled, values)) as cursor:
            return [compiled.row(raw) for raw in cursor.fetchall()]

    def run(self, connection: Connection, **values: Any) -> int:
        """The number of rows that were written."""
        compiled = self._for(connection)
        with closing(_executed(connection, compiled, values)) as cursor:
            return int(cursor.rowcount)

    def _for(self, connection: Connection) -> _Compiled:
        dialect = connection.dialect
        found = self._compiled.get(dialect.name)
        if found is None:
            element = self._elements.get(dialect.name, self._element)
            found = self._compiled[dialect.name] = _Compiled(element, dialect)
        return found

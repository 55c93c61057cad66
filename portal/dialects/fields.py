"""A vendor's row as data: each of its names and the source column it comes from.

The select list and its joins are compiled once; the FilterSet's query supplies the rows. One SQL serves a page (binary
values, orjson in this process) and a list of any length (`row_to_json` in the database, streamed).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models import Expression, F

Source = str | Expression


class Sql(Expression):
    """An SQL text with `{}` for each expression: `Sql("upper({})", F("name"))`. The text is ours, never a caller's."""

    def __init__(self, template: str, *expressions: Any) -> None:
        super().__init__(output_field=models.TextField())
        self.template = template
        self.parts = [F(part) if isinstance(part, str) else part for part in expressions]

    def get_source_expressions(self) -> list[Any]:
        return self.parts

    def set_source_expressions(self, exprs: Any) -> None:
        self.parts = exprs

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        compiled = [compiler.compile(part) for part in self.parts]
        return self.template.format(*(sql for sql, _ in compiled)), [
            param for _, params in compiled for param in params
        ]


@dataclass(frozen=True)
class Keyed:
    """How lists are ordered: a time, then the id that makes it unique."""

    time: str = "init_time"
    unique: str = "id"

    def of(self, table: str, *, ascending: bool) -> str:
        way = "asc" if ascending else "desc"
        return f'"{table}"."{self.time}" {way}, "{table}"."{self.unique}" {way}'


class Fields:
    """The vendor's fields of one model, in the vendor's order. A source is a column's path or an expression."""

    key = Keyed()

    def __init__(self, model: type[models.Model], sources: Mapping[str, Source]) -> None:
        self.model = model
        self.sources = dict(sources)
        self.names = tuple(sources)
        self.table = model._meta.db_table

    def replaced(self, **sources: Source) -> Fields:
        """The same fields with another source for some."""
        return Fields(self.model, self.sources | sources)

    @cached_property
    def _compiled(self) -> tuple[list[str], str]:
        """The columns, and the joins behind the model's own table."""
        paths = [F(source) if isinstance(source, str) else source for source in self.sources.values()]
        queryset = self.model._base_manager.order_by().values_list(*paths)
        compiler = queryset.query.get_compiler(connection=connections[DEFAULT_DB_ALIAS])
        compiler.pre_sql_setup()
        tables, params = compiler.get_from_clause()
        columns = [sql for _, (sql, column_params), _ in compiler.select if not column_params]
        assert not params and len(columns) == len(self.names), "a field's SQL takes no parameters"
        return columns, " ".join(tables[1:])

    def _select(self, rows: str, *, ascending: bool, more: str = "") -> str:
        columns, joins = self._compiled
        return (
            f'select {", ".join(columns)}{more} from ({rows}) as "{self.table}" {joins}'
            f" order by {self.key.of(self.table, ascending=ascending)}"
        )

    def page(self, rows: str, *, ascending: bool) -> str:
        """Each row as values in the order of `names`, then its time and id."""
        key = f', "{self.table}"."{self.key.time}", "{self.table}"."{self.key.unique}"'
        return self._select(rows, ascending=ascending, more=key)

    def as_json(self, rows: str, *, ascending: bool) -> str:
        """Each row as one JSON text."""
        names = ", ".join(f'"{name}"' for name in self.names)
        return f"select row_to_json(t) from ({self._select(rows, ascending=ascending)}) as t ({names})"


def rows_of(
    queryset: models.QuerySet[Any],
    key: Keyed,
    *,
    ascending: bool,
    limit: int | None = None,
    skip: int = 0,
    keys_alone: bool = False,
) -> tuple[str, list[Any]]:
    """SQL and parameters of a queryset's own rows in the order of `key`; `keys_alone`: time and id, from the index.

    Only where and from are compiled: naming each column costs more than the rest of a page. Raises EmptyResultSet
    where the conditions say that there can be no row.
    """
    query = queryset.query
    assert query.group_by is None and not query.distinct and not query.is_sliced
    table = queryset.model._meta.db_table
    compiler = query.get_compiler(connection=connections[DEFAULT_DB_ALIAS])
    query.get_initial_alias()
    where, params = compiler.compile(query.where) if query.where else ("true", [])
    tables, table_params = compiler.get_from_clause()
    order = key.of(table, ascending=ascending)
    columns = f'"{table}"."{key.time}", "{table}"."{key.unique}"' if keys_alone or skip else f'"{table}".*'
    sql = f"select {columns} from {' '.join(tables)} where {where} order by {order}"
    if limit is not None:
        sql += f" limit {int(limit)}"
    if skip and not keys_alone:
        # What is skipped is read from the index alone; only the rows that are wanted are fetched.
        sql = (
            f'select "{table}".* from ({sql} offset {int(skip)}) as chosen'
            f' join "{table}" on "{table}"."{key.unique}" = chosen."{key.unique}" order by {order}'
        )
    elif skip:
        sql += f" offset {int(skip)}"
    return sql, [*table_params, *params]

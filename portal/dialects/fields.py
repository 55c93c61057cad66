"""A vendor's row as data: each of its names and the source column it comes from.

The select list and its joins are compiled once; the FilterSet's query supplies the rows. One SQL serves a page (binary
values, orjson in this process) and a list of any length (`row_to_json` in the database, streamed).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


@dataclass(frozen=True)
class Beside:
    """Of another table one row beside each, as `name` in a field's SQL: the first of `rows()` in the order of `first`
    whose columns (the keys of `same`) are those of the row. Where there is none, its columns are null.

    `first` must not be what an index is ordered by: lists are planned to follow an index rather than sort, and would
    follow that one through the whole table.
    """

    name: str
    rows: Callable[[], models.QuerySet[Any]]
    same: Mapping[str, str]
    first: tuple[str, ...]

    def join(self, table: str) -> str:
        rows = self.rows()
        where, params = where_of(rows)
        assert not params, "the SQL of a list's fields takes no parameters"
        other = rows.model._meta.db_table
        same = [f'"{other}"."{column}" = "{table}"."{its}"' for column, its in self.same.items()]
        order = ", ".join(f'"{other}"."{column}"' for column in self.first)
        return (
            f'left join lateral (select * from "{other}" where {" and ".join([where, *same])}'
            f' order by {order} limit 1) as "{self.name}" on true'
        )


class Fields:
    """The vendor's fields of one model, in the vendor's order. A source is a column's path or an expression."""

    def __init__(
        self,
        model: type[models.Model],
        sources: Mapping[str, Source],
        *,
        key: Keyed | None = None,
        beside: Beside | None = None,
    ) -> None:
        self.model = model
        self.sources = dict(sources)
        self.names = tuple(sources)
        self.table = model._meta.db_table
        self.key = key or Keyed()
        self.beside = beside

    def replaced(self, **sources: Source) -> Fields:
        """The same fields with another source for some, and those that are new behind them."""
        return Fields(self.model, self.sources | sources, key=self.key, beside=self.beside)

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
        joins = [*tables[1:], self.beside.join(self.table)] if self.beside else tables[1:]
        return columns, " ".join(joins)

    def _select(self, rows: str, more: str = "") -> str:
        columns, joins = self._compiled
        return f'select {", ".join(columns)}{more} from ({rows}) as "{self.table}" {joins}'

    def gathered(self, rows: str) -> str:
        """Each row as values in the order of `names`, then its time and id; in no order."""
        return self._select(rows, f', "{self.table}"."{self.key.time}", "{self.table}"."{self.key.unique}"')

    def page(self, rows: str, *, ascending: bool) -> str:
        """As `gathered`, in order."""
        return f"{self.gathered(rows)} order by {self.key.of(self.table, ascending=ascending)}"

    def as_json(self, rows: str, *, ascending: bool) -> str:
        """Each row as one JSON text."""
        names = ", ".join(f'"{name}"' for name in self.names)
        ordered = f"{self._select(rows)} order by {self.key.of(self.table, ascending=ascending)}"
        return f"select row_to_json(t) from ({ordered}) as t ({names})"


def where_of(queryset: models.QuerySet[Any]) -> tuple[str, list[Any]]:
    """A queryset's conditions as SQL and parameters."""
    query = queryset.query
    compiler = query.get_compiler(connection=connections[DEFAULT_DB_ALIAS])
    query.get_initial_alias()
    return compiler.compile(query.where) if query.where else ("true", [])


def rows_at(queryset: models.QuerySet[Any], column: str, places: Any, client_id: Any) -> tuple[str, list[Any]]:
    """SQL and parameters of those of a queryset's rows whose `column` is one of an array of `places`; in no order.

    They are looked up place by place, in the index by (client_id, column), before the queryset's own conditions: left
    to choose, PostgreSQL now and then reads all rows of an extension for the legs of fifty calls.
    """
    where, params = where_of(queryset)
    table = queryset.model._meta.db_table
    at_one = f'select * from "{table}" where "client_id" = %s and "{column}" = places.place offset 0'
    sql = f'select "{table}".* from unnest(%s::bigint[]) as places (place) cross join lateral ({at_one}) as "{table}"'
    return f"{sql} where {where}", [places, client_id, *params]


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
    where, params = where_of(queryset)
    tables, table_params = query.get_compiler(connection=connections[DEFAULT_DB_ALIAS]).get_from_clause()
    order = key.of(table, ascending=ascending)
    columns = f'"{table}"."{key.time}", "{table}"."{key.unique}"' if keys_alone else f'"{table}".*'
    sql = f"select {columns} from {' '.join(tables)} where {where} order by {order}"
    sql += f" limit {int(limit)}" if limit is not None else ""
    sql += f" offset {int(skip)}" if skip else ""
    return sql, [*table_params, *params]

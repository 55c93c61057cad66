"""The second lock: row-level security, bound once per transaction.

A transaction that is not bound sees no row of any owned table. `bind` is the only place that sets the binding; it is
local to the transaction, so nothing can leak into the next request on the same connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, migrations, transaction

from portal.access.principal import Principal
from portal.access.statements import fetch

# One client and `=`, not a list and `any`: an array in the policy keeps the planner from seeing that a unique key is
# unique, and while a table has no statistics it then reads all of a client's rows instead of one. As a sub-select it is
# evaluated once a statement; unset, or '' as it is after a transaction, is null and lets no row through.
BOUND = "(select nullif(current_setting('portal.client_ids', true), '')::bigint)"
OPERATOR = "(select current_setting('portal.operator', true) = 'on')"


class NotInTransaction(RuntimeError):
    """A binding outside a transaction would be lost at once, or leak: it is refused."""


BIND = "set_config('portal.client_ids', {}, true), set_config('portal.operator', {}, true)"


def binding(client_id: str) -> str:
    """Two columns for a select that finds out who is asking: each row binds the transaction to its `client_id` (SQL).

    Raises NotInTransaction outside a transaction.
    """
    within_transaction()
    return BIND.format(f"({client_id})::text", "''")


def within_transaction() -> None:
    if not connection.in_atomic_block:
        raise NotInTransaction("bind() needs a transaction: use scope(client_id) outside a request")


def bind(client_id: int | None, *, operator: bool = False) -> None:
    """Bind the running transaction to one client (None: to nothing). Raises NotInTransaction outside one."""
    within_transaction()
    fetch(
        "select " + BIND.format("%s", "%s"),
        ["" if client_id is None else str(int(client_id)), "on" if operator else ""],
    )


def bind_principal(principal: Principal) -> None:
    bind(principal.client_id, operator=principal.operator)


def bound() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(current_setting('portal.client_ids', true), ''),"
            " coalesce(current_setting('portal.operator', true), '')"
        )
        return cursor.fetchone()


@contextmanager
def scope(client_id: int | None, *, operator: bool = False) -> Iterator[None]:
    """A transaction bound to one client; nested in another one, the former binding comes back at a normal exit."""
    nested = connection.in_atomic_block
    with transaction.atomic():
        former = bound() if nested else None
        bind(client_id, operator=operator)
        yield
        if former is not None:
            fetch("select " + BIND.format("%s", "%s"), former)


# ---------------------------------------------------------------- words for migrations


def _do(statement: str, *, roles: str) -> str:
    """One statement with `{serving}` or `{finder}` in it, as a block that fills in this database's own role names."""
    names = {
        "serving": "quote_ident(current_database() || '_serving')",
        "finder": "quote_ident(current_database() || '_finder')",
    }
    filled = statement.replace("'", "''")
    return f"do $do$ begin execute replace('{filled}', '{{{roles}}}', {names[roles]}); end $do$;"


def isolate(
    table: str, column: str = "client_id", *, operator_reads: bool = False, operator_writes: bool = False
) -> migrations.RunSQL:
    """Close a table: only rows of the bound client exist. `operator_*` open rows without a client to operators."""
    allowed = f"{column} = {BOUND}"
    statements = [
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        f"create policy tenant on {table} using ({allowed}) with check ({allowed})",
    ]
    if operator_reads:
        statements.append(f"create policy operator_reads on {table} for select using ({OPERATOR})")
    if operator_writes:
        clause = f"{column} is null and {OPERATOR}"
        statements.append(f"create policy operator_writes on {table} using ({clause}) with check ({clause})")
    reverse = [f"drop policy if exists {name} on {table}" for name in ("tenant", "operator_reads", "operator_writes")]
    reverse += [f"alter table {table} no force row level security", f"alter table {table} disable row level security"]
    return migrations.RunSQL(";".join(statements), ";".join(reverse))


def let_finder_read(table: str) -> migrations.RunSQL:
    """Let the finder role, and through it SECURITY DEFINER look-ups and finder views, read a table whole."""
    return migrations.RunSQL(
        _do(f"create policy finder on {table} for select to {{finder}} using (true)", roles="finder")
        + _do(f"grant select on {table} to {{finder}}", roles="finder"),
        f"drop policy if exists finder on {table}",
    )


def finder_view(name: str, table: str) -> migrations.RunSQL:
    """The bound client's rows of a table that the finder may read (`let_finder_read`), for searches.

    What is not leak-proof (LIKE, regular expressions, arrays) loses its index under a policy; in here the client is an
    ordinary condition, and the policy lets the finder see every row. Made anew in each migration that adds columns.
    """
    return migrations.RunSQL(
        f"create view {name} as select * from {table} where client_id = {BOUND};"  # noqa: S608 - our own words
        + _do(f"alter view {name} owner to {{finder}}", roles="finder")
        + _do(f"grant select on {name} to {{serving}}", roles="serving"),
        f"drop view if exists {name}",
    )


def look_up(name: str, arguments: str, returns: str, body: str, *, often: bool = False) -> migrations.RunSQL:
    """A narrow SECURITY DEFINER function: what must be read before the tenant is known, and no more.

    `often`: one whose plan a connection should keep. A function in SQL is planned at every call, one in PL/pgSQL once;
    its `returns` is a table whose types the columns of the select have exactly.
    """
    if often:
        return _finders(name, arguments, returns, f"#variable_conflict use_column\nbegin return query {body}; end")
    return _finders(name, arguments, returns, body, language="sql")


def narrow_deed(name: str, arguments: str, returns: str, body: str) -> migrations.RunSQL:
    """A SECURITY DEFINER function in PL/pgSQL that does what the serving role may not, where its own checks let it.

    The finder does it: the migration grants it what it needs. The bound client is all that it reaches, too.
    """
    return _finders(name, arguments, returns, body, volatility="volatile")


def _finders(
    name: str, arguments: str, returns: str, body: str, *, language: str = "plpgsql", volatility: str = "stable"
) -> migrations.RunSQL:
    signature = f"{name}({arguments})"
    return migrations.RunSQL(
        f"create or replace function {signature} returns {returns} language {language} {volatility} security definer "
        f"set search_path = pg_catalog, public as $body${body}$body$;"
        f"revoke all on function {signature} from public;"
        + _do(f"alter function {signature} owner to {{finder}}", roles="finder")
        + _do(f"grant execute on function {signature} to {{serving}}", roles="serving"),
        f"drop function if exists {signature}",
    )


def let_finder(rights: str, table: str) -> migrations.RunSQL:
    """Rights of the finder on the rows of the bound client: `select, delete`."""
    return migrations.RunSQL(
        _do(f"grant {rights} on {table} to {{finder}}", roles="finder"),
        _do(f"revoke {rights} on {table} from {{finder}}", roles="finder"),
    )


def same_client(table: str, column: str, target: str, *, on_delete: str = "no action") -> migrations.RunSQL:
    """A foreign key that cannot cross the wall: (client_id, column) -> target (client_id, id)."""
    name = f"{table}_{column}_same_client"
    return migrations.RunSQL(
        f"alter table {table} add constraint {name} foreign key (client_id, {column}) "
        f"references {target} (client_id, id) on delete {on_delete} deferrable initially deferred",
        f"alter table {table} drop constraint if exists {name}",
    )

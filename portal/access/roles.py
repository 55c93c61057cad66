"""The database's roles: the owner migrates, the serving role serves, the finder lends its eyes to narrow look-ups.

Role names carry the database's name, since roles are shared by all databases of a PostgreSQL server. Where
DATABASE_SERVING_URL names another login, that login becomes a member of `<database>_serving`.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import CommandError
from django.db import ProgrammingError, connections
from psycopg import sql

READ_ONLY_TABLES = {"django_migrations"}


def make_roles(sender: Any, using: str = "default", **kwargs: Any) -> None:
    """Before every migrate: both roles exist, and the owner may own things in the finder's name."""
    connection = connections[using]
    database = connection.settings_dict["NAME"]
    serving, finder = f"{database}_serving", f"{database}_finder"
    password = str(settings.SERVING_DATABASE["PASSWORD"])
    with connection.cursor() as cursor:

        def run(statement: str, *names: str, secret: str | None = None) -> None:
            parts: list[sql.Composable] = [sql.Identifier(name) for name in names]
            cursor.execute(sql.SQL(statement).format(*parts, *([sql.Literal(secret)] if secret is not None else [])))

        def login(name: str) -> None:
            # An existing role gets the password again: a new data directory on an old server has a new one.
            verb = "alter role {} password {}" if exists(name) else "create role {} login password {}"
            run(verb, name, secret=password)
            # What we ask is short; compiling it (from PostgreSQL's cost of 100,000 on) takes longer than answering it.
            run("alter role {} set jit to off", name)

        def refuse_mighty(name: str) -> None:
            cursor.execute("select 1 from pg_roles where rolname = %s and (rolsuper or rolbypassrls)", [name])
            if cursor.fetchone() is not None:
                raise CommandError(
                    f"DATABASE_SERVING_URL names role {name}, for which row-level security does not hold: "
                    "neither a superuser nor one with BYPASSRLS may serve"
                )

        def exists(name: str) -> bool:
            cursor.execute("select 1 from pg_roles where rolname = %s", [name])
            return cursor.fetchone() is not None

        login(serving)
        named = str(settings.SERVING_DATABASE["USER"])
        if settings.SERVING_DATABASE["NAME"] == database and named != serving:
            refuse_mighty(named)
            try:
                login(named)
                run("grant {} to {}", serving, named)
            except ProgrammingError as error:
                raise CommandError(f"DATABASE_SERVING_URL: role {named} cannot be set up: {error}".strip()) from None
        if not exists(finder):
            run("create role {} nologin nosuperuser nobypassrls", finder)
        run("grant {} to current_user", finder)
        run("grant usage, create on schema public to {}", finder)


def grant_to_serving_role(sender: Any, using: str = "default", **kwargs: Any) -> None:
    """After every migrate: the serving role may read and write rows, and nothing else (no TRUNCATE, no DDL)."""
    connection = connections[using]
    if not _may_grant(connection):
        return  # a flush by the serving role also says "migrated"
    role = sql.Identifier(f"{connection.settings_dict['NAME']}_serving")
    append_only = {model._meta.db_table for model in apps.get_models() if getattr(model, "append_only", False)}
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("grant usage on schema public to {}").format(role))
        cursor.execute(sql.SQL("grant usage, select on all sequences in schema public to {}").format(role))
        for table in connection.introspection.table_names(cursor, include_views=True):
            if table in READ_ONLY_TABLES:
                rights = "select"
            else:
                rights = "select, insert" if table in append_only else "select, insert, update, delete"
            cursor.execute(sql.SQL("revoke all on {} from {}").format(sql.Identifier(table), role))
            cursor.execute(sql.SQL("grant " + rights + " on {} to {}").format(sql.Identifier(table), role))


def _may_grant(connection: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_has_role(current_user, datdba, 'MEMBER') from pg_database where datname = current_database()"
        )
        return bool(cursor.fetchone()[0])

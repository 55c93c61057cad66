"""Boot checks: an installation whose second lock is open does not start.

Run by `manage.py check --database default` and, through `refuse_unsafe`, by every web and worker process as it loads.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from portal.access.querysets import owned_models

SERVING_ROLE = """
select current_user, r.rolsuper, r.rolbypassrls,
       exists (select 1 from pg_class c where c.relowner = r.oid and c.relnamespace = 'public'::regnamespace),
       exists (select 1 from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
                and has_table_privilege(current_user, c.oid, 'TRUNCATE')),
       exists (select 1 from pg_roles f where f.rolname = current_database() || '_finder'
                and pg_has_role(current_user, f.oid, 'MEMBER'))
from pg_roles r where r.rolname = current_user
"""
# Roles whose rights it has, or can take by SET ROLE, through any number of memberships.
OTHER_ROLES = """
select o.rolname, o.rolsuper, o.rolbypassrls,
       exists (select 1 from pg_class c where c.relowner = o.oid and c.relnamespace = 'public'::regnamespace)
from pg_roles r join pg_roles o on o.oid <> r.oid and pg_has_role(r.oid, o.oid, 'MEMBER')
where r.rolname = current_user and not r.rolsuper
"""
ISOLATION = """
select c.relname, c.relrowsecurity, c.relforcerowsecurity,
       (select count(*) from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant')
from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
"""


def open_locks() -> list[str]:
    """What is wrong with the database's walls, one sentence each; empty when all is well."""
    with connection.cursor() as cursor:
        cursor.execute(SERVING_ROLE)
        name, superuser, bypasses, owns, truncates, finds = cursor.fetchone()
        cursor.execute(OTHER_ROLES)
        others = cursor.fetchall()
        cursor.execute(ISOLATION)
        tables = {table: (enabled, forced, policies) for table, enabled, forced, policies in cursor.fetchall()}
    wrong = [
        (superuser, f"role {name} is a superuser: row-level security does not hold for it"),
        (bypasses, f"role {name} has BYPASSRLS: row-level security does not hold for it"),
        (owns, f"role {name} owns tables: it could drop their policies"),
        (truncates, f"role {name} may TRUNCATE: that passes every policy by"),
        (finds, f"role {name} is a member of the finder role: it could read every client"),
    ]
    for other, other_superuser, other_bypasses, other_owns in others:
        member = f"role {name} is a member of {other}, which"
        wrong += [
            (other_superuser, f"{member} is a superuser: row-level security does not hold for it"),
            (other_bypasses, f"{member} has BYPASSRLS: row-level security does not hold for it"),
            (other_owns, f"{member} owns tables: it could drop their policies"),
        ]
    problems = [sentence for is_wrong, sentence in wrong if is_wrong]
    for model in owned_models():
        table = model._meta.db_table
        if table not in tables:
            problems.append(f"table {table} does not exist: migrate first")
        elif tables[table] != (True, True, 1):
            problems.append(f"table {table} is not isolated: its policy is missing or not forced")
    return problems


def weak_secrets() -> list[str]:
    return ["SECRET_KEY is shorter than 32 characters"] if len(settings.SECRET_KEY) < 32 else []


@register(Tags.database)
def walls_stand(app_configs: Any = None, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    if not databases or settings.AS_OWNER:
        return []
    return [Error(sentence, id="portal.E001") for sentence in open_locks() + weak_secrets()]


def refuse_unsafe() -> None:
    """Raise ImproperlyConfigured when a lock is open. For processes about to serve."""
    problems = open_locks() + weak_secrets()
    connection.close()
    if problems:
        raise ImproperlyConfigured("refusing to start: " + "; ".join(problems))

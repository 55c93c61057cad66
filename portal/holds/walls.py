"""A word for migrations: the last wall, in the database itself, before what is under legal hold."""

from __future__ import annotations

from django.db import migrations

# The conditions of portal.holds.models.OPEN.
OPEN = "h.lifted_at is null and (h.until is null or h.until > now())"
# What an extension's hold keeps of the rows `gone`.
PERIOD = (
    "h.kind = 'extension' and h.extension_id = gone.extension_id and gone.init_time is not null"
    " and (h.starts_at is null or h.starts_at <= gone.init_time) and (h.ends_at is null or gone.init_time < h.ends_at)"
)
CALL = "left join cdrs_call c on c.client_id = gone.client_id and c.id = gone.call_id"
OF_CALL = (
    "h.kind = 'call' and h.call_id = gone.call_id"
    " or h.kind = 'number' and h.plain_rev in (c.caller_plain_rev, c.called_plain_rev)"
)


def refuse_held(table: str, held: str, *, joins: str = "") -> migrations.RunSQL:
    """No statement deletes a row that is under hold, whoever wrote it. `held` (SQL): the hold `h` keeps the row `gone`.

    It asks once a statement: where the client has no hold, the deletion of many rows costs one look more. Rows that a
    worker claimed before their hold came are let go (LET_GO): their audio is gone already.
    """
    name = f"{table}_held"
    return migrations.RunSQL(
        f"""
create or replace function {name}() returns trigger language plpgsql set search_path = pg_catalog, public as $body$
declare by_hold bigint;
begin
    if current_setting('portal.let_go', true) = 'on' or not exists (select from holds_hold h where {OPEN}) then
        return null;
    end if;
    select h.id into by_hold from gone {joins}
      join holds_hold h on h.client_id = gone.client_id and {OPEN} and ({held}) limit 1;
    if found then
        raise exception 'under legal hold %', by_hold using errcode = 'restrict_violation', table = '{table}';
    end if;
    return null;
end $body$;
create trigger {name} after delete on {table} referencing old table as gone
    for each statement execute function {name}();
""",  # noqa: S608 - our own words
        f"drop trigger if exists {name} on {table}; drop function if exists {name}()",
    )

"""CDRs that do not go on the night of their own days: their call is held, or has a recording that stays for longer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q

from archives.retention.terms import CDRS, RECORDS, Terms, groups_of
from cdrs.holding import held_calls
from cdrs.models import Call
from portal.holds.queries import OpenHolds, open_holds
from records.holding import HELD
from records.models import Record


class Waiting(NamedTuple):
    """So many CDRs of a day and group that are not free before a run decides by a later day than `until`.

    None: not while things are as they are. `held`: a hold keeps their call.
    """

    day: date
    group_id: int | None
    until: date | None
    held: bool
    cdrs: int


def cdrs(client_id: int, terms: Terms, before: datetime, nights: list[tuple[datetime, date]]) -> Iterator[Waiting]:
    """Of the CDRs that began before, in `scope(client_id)`. `nights`: when each begins and by which day it decides."""
    holds, group_ids = open_holds(client_id), groups_of(client_id)
    values: dict[str, Any] = {
        "client": client_id,
        "before": before,
        "held_calls": found(Call, held_calls, client_id, holds),
        "held_records": found(Record, HELD[Record], client_id, holds),
        "groups": group_ids,
        "begins": [begins for begins, _ in nights],
        "utc_days": [day for _, day in nights],
    }
    for kind in (RECORDS, CDRS):
        values[kind] = [terms.days(kind, group_id) for group_id in group_ids]
        values[f"no_group_{kind}"] = terms.days(kind, None)
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, values)
        for row in cursor.fetchall():
            yield Waiting(*row)


def found(model: Any, held: Callable[[int, OpenHolds], Q], client_id: int, holds: OpenHolds) -> list[int]:
    """Ids of what is held: kind by kind of holds, each by its own index."""
    rows = model.objects.filter(client_id=client_id).order_by()
    return sorted(
        {row_id for one in holds.by_kind() for row_id in rows.filter(held(client_id, one)).values_list("id", flat=True)}
    )


# A recording outside the trash stays for its group's days (for ever: 'infinity'), one in it over the last night before
# it is due. Days are those of groups, and of no group at the end.
_DAYS = """
select * from (select unnest(%(groups)s::bigint[]) as group_id, unnest(%({0})s::int[]) as days
               union all select null, %(no_group_{0})s::int) as {0}
"""
_UNTIL = "coalesce((({at}) at time zone 'UTC')::date + days.days, 'infinity'::date)"
_WAITING = f"""
with record_days as ({_DAYS.format("records")}), cdr_days as ({_DAYS.format("cdrs")}),
trash as (
    select d.id, coalesce((select max(night.utc_day) from unnest(%(begins)s::timestamptz[], %(utc_days)s::date[])
        as night (begins, utc_day) where night.begins < d.due_at), '-infinity') as until
      from records_deletion d where d.client_id = %(client)s),
stays as (
    select r.call_id, {_UNTIL.format(at="coalesce(r.init_time, r.created_at)")} as until, false as held
      from records_record r join record_days days on days.group_id is not distinct from r.group_id
     where r.client_id = %(client)s and r.call_id is not null and r.state <> 'trashed'
       and coalesce(r.init_time, r.created_at) < %(before)s + interval '2 days'
    union all
    select r.call_id, trash.until, false from records_trashed t join trash on trash.id = t.deletion_id
      join records_record r on r.client_id = t.client_id and r.id = t.record_id
     where t.client_id = %(client)s and r.call_id is not null
    union all
    select r.call_id, 'infinity', false from records_record r
     where r.client_id = %(client)s and r.id = any(%(held_records)s::bigint[]) and r.call_id is not null
    union all
    select id, 'infinity', true from unnest(%(held_calls)s::bigint[]) as id),
calls as (select call_id, max(until) as until, bool_or(held) as held from stays group by call_id),
legs as (
    select (l.init_time at time zone 'UTC')::date as day, l.group_id, c.until, c.held, days.days
      from calls c join cdrs_leg l on l.client_id = %(client)s and l.call_id = c.call_id
      join cdr_days days on days.group_id is not distinct from l.group_id
     where l.init_time < %(before)s)
select day, group_id, nullif(until, 'infinity'), held, count(*) from legs
 where held or until > day + days group by 1, 2, 3, 4
"""  # noqa: S608 - our own words

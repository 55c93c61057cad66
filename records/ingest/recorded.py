"""Calls of which something can be heard, as searches find them: rows of RecordedCall, kept as recordings settle."""

from __future__ import annotations

from collections.abc import Sequence

from cdrs.ingest.staging import cursor


def keep_found(client_id: int, call_ids: Sequence[int]) -> None:
    """Make the rows of these calls what their facts are now; those of which nothing can be heard any more go.

    The caller has the calls locked (records.ingest.totals), so what is read here is what it will stay.
    """
    if call_ids:
        cursor().execute(_KEEP, {"client_id": client_id, "ids": list(call_ids)})


# Each call is looked up by its whole key, for the reason that cdrs.ingest.names.rows_named has.
_KEEP = r"""
with told as materialized (
    select c.id, c.started_at, c.caller_plain_rev, c.called_plain_rev, n.names,
           coalesce(c.ended_at, greatest(c.started_at, h.ended_at)) as ended_at
      from unnest(%(ids)s::bigint[]) as wanted(id)
     cross join lateral (
           select * from cdrs_call where client_id = %(client_id)s and id = wanted.id and recordings > 0 limit 1) c
     cross join lateral (
           select max(ended_at) as ended_at
             from records_record where client_id = %(client_id)s and call_id = c.id and state = 'available') h
     cross join lateral (
           select coalesce(E'\n' || string_agg(distinct t.name, E'\n') || E'\n', '') as names
             from cdrs_participant p
            cross join lateral (values (p.user_name), (p.first_name), (p.last_name)) as said(name)
            cross join lateral (select lower(translate(said.name, E'\n', ' ')) as name) t
            where p.client_id = %(client_id)s and p.call_id = c.id and t.name <> '') n),
gone as (
    delete from records_recordedcall where client_id = %(client_id)s and call_id = any(%(ids)s::bigint[])
       and call_id not in (select id from told))
insert into records_recordedcall as kept
       (client_id, call_id, started_at, ended_at, caller_plain_rev, called_plain_rev, names)
select %(client_id)s, id, started_at, ended_at, caller_plain_rev, called_plain_rev, names from told order by id
on conflict (call_id) do update set
       started_at = excluded.started_at, ended_at = excluded.ended_at, names = excluded.names,
       caller_plain_rev = excluded.caller_plain_rev, called_plain_rev = excluded.called_plain_rev
 where (kept.started_at, kept.ended_at, kept.caller_plain_rev, kept.called_plain_rev, kept.names)
       is distinct from (excluded.started_at, excluded.ended_at, excluded.caller_plain_rev, excluded.called_plain_rev,
                         excluded.names)
"""

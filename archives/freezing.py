"""What is in an archive is decided here, once: the rows of its selection that can be heard now, each with its facts.

    pins lock -> chosen and numbered (one statement: one moment) -> named -> members, with what is known of each

All in one transaction, in sets: PostgreSQL holds the rows, this process a few thousand names at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.utils import timezone

from archives import damage, names
from archives.clearing import remove_objects
from archives.facts import OF_STORE, told_of
from archives.models import Archive, ArchiveMark, ArchiveMember, Step
from archives.selection import chosen
from archives.working import keep
from cdrs.ingest.staging import COPY_FORM, copy_text, cursor
from portal.access.isolation import scope
from portal.media.keys import suffix_of
from records import pins
from records.ingest.kinds import KIND_OF, Kind

NAMES_AT_ONCE = 5000


def freeze(archive: Archive) -> None:
    """Members for all that is chosen, instead of any there were. It locks out who removes objects while it lasts."""
    client_id = archive.client_id
    remove_objects(archive)  # of a former beginning
    with scope(client_id):
        pins.lock(client_id, alone=True)
        keep(archive)
        ArchiveMember.objects.filter(client_id=client_id, archive_id=archive.pk).delete()
        ArchiveMark.objects.filter(client_id=client_id, archive_id=archive.pk).delete()
        files, size = choose(archive)
        name()
        enter(archive)
        counted = {"files": files, "bytes": size, "files_done": 0, "bytes_done": 0, "missing": 0}
        unsaid: dict[str, Any] = {"key": None, "upload": None, "upload_parts": []}
        keep(archive, step=Step.CHECK, frozen_at=timezone.now(), **counted, **unsaid)


def choose(archive: Archive) -> tuple[int, int]:
    """Number what is chosen in the order of time, an audio file each, in pg_temp.frozen; how many, and their bytes."""
    parts, params = [], []
    for rows in chosen(archive):
        kind = KIND_OF[rows.model._meta.model_name]
        sql, own = rows.order_by().values_list("id", "init_time", "file_name", "uuid").query.sql_with_params()
        parts.append(_CHOSEN.format(kind=kind.name, owner=kind.owner, rows=sql, **own_column(kind)))
        params += [*own, archive.client_id]
    with connection.cursor() as db:
        db.execute(_TABLES)
        db.execute(_CHOOSE.format(union=" union all ".join(parts)), params)
        db.execute("analyze pg_temp.frozen")
        db.execute("select count(*), coalesce(sum(size), 0)::bigint from pg_temp.frozen")
        files, size = db.fetchone()
    return files, size


def own_column(kind: Kind) -> dict[str, str]:
    """The row's id in the column of its kind."""
    return {one.owner: "r.id" if one is kind else "null::bigint" for one in KIND_OF.values()}


def name() -> None:
    """A safe name for each of pg_temp.frozen, in pg_temp.frozen_name; what may be said twice is told apart by SQL."""
    db = cursor()
    for batch in batches():
        rows = [
            [position, *names.parted(named), names.folded(named), names.needs_number(named)]
            for position, file_name, uuid, key in batch
            if (named := names.safe(file_name or "") or f"{uuid.hex}.{suffix_of(key or '')}")
        ]
        with db.copy(f"copy pg_temp.frozen_name from stdin {COPY_FORM}") as copy:
            copy.write(copy_text(rows))


def batches() -> Iterator[list[tuple[Any, ...]]]:
    last = -1
    while batch := cursor().execute(_NEXT, [last, NAMES_AT_ONCE]).fetchall():
        yield batch
        last = batch[-1][0]


def enter(archive: Archive) -> None:
    """Members out of what was chosen and named, with facts and whereabouts."""
    for kind in KIND_OF.values():
        told = told_of(kind.total)
        rows = _ROWS.format(table=kind.table, owner=kind.owner, client_id=int(archive.client_id))
        columns = ", ".join(f'"{column}"' for column in told.names)
        facts = ", ".join([*(f'told."{column}"' for column in told.names), *OF_STORE.values()])
        sql = _ENTER.format(owner=kind.owner, table=kind.table, columns=columns, facts=facts, told=told.gathered(rows))
        of = {"client_id": archive.client_id, "archive_id": archive.pk}
        cursor().execute(sql, of | {"finding": [damage.FINDING], "damaged": damage.DAMAGED})


_TABLES = """
create temp table if not exists frozen (position int primary key, record_id bigint, voicemessage_id bigint,
    media_id bigint, at timestamptz, file_name text, uuid uuid, key text, size bigint) on commit delete rows;
create temp table if not exists frozen_name (position int primary key, stem text, suffix text, folded text,
    number bool) on commit delete rows;
truncate pg_temp.frozen, pg_temp.frozen_name;
"""
# What can be heard has an audio file; one that has lost its row is told of as missing.
_CHOSEN = """
select '{kind}' as kind, r.id, {record_id} as record_id, {voicemessage_id} as voicemessage_id, r.at, r.file_name,
       r.uuid, m.id as media_id, m.position, m.key, m.size
  from ({rows}) as r (id, at, file_name, uuid)
  left join records_mediafile m on m.client_id = %s and m.{owner} = r.id
"""
_CHOOSE = """
insert into pg_temp.frozen (position, record_id, voicemessage_id, media_id, at, file_name, uuid, key, size)
select row_number() over (order by at, kind, id, position, media_id) - 1,
       record_id, voicemessage_id, media_id, at, file_name, uuid, key, size
  from ({union}) as chosen
"""
_NEXT = "select position, file_name, uuid, key from pg_temp.frozen where position > %s order by position limit %s"
_ROWS = "select * from {table} where client_id = {client_id} and id in (select {owner} from pg_temp.frozen)"
_ENTER = """
with named as (
    select position, case
           when number or row_number() over (partition by folded collate "C" order by position) > 1
           then stem || '~' || position || suffix else stem || suffix end as name
      from pg_temp.frozen_name),
told ({columns}, told_at, told_id) as ({told})
insert into archives_archivemember
    (client_id, archive_id, position, record_id, voicemessage_id, at, name, key, size, crc32, sha256, facts, missing)
select %(client_id)s, %(archive_id)s, f.position, f.record_id, f.voicemessage_id, f.at, n.name, m.key,
       coalesce(m.size, 0), coalesce(m.crc32, 0), m.sha256,
       row_to_json((select facts from (select {facts}) as facts)),
       case when m.id is null then 'no audio of it is known' when h.findings @> %(finding)s then %(damaged)s end
  from pg_temp.frozen f
  join named n using (position)
  join {table} h on h.client_id = %(client_id)s and h.id = f.{owner}
  join told on told_id = f.{owner}
  left join records_mediafile m on m.client_id = %(client_id)s and m.id = f.media_id
"""

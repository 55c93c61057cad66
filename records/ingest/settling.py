"""Where a recording or a voice message stands: decided here and nowhere else, with the totals that follow from it.

    with settling(client_id, RECORDING, ids):
        …change facts, media or state of these rows…

On entry the rows are locked and what they add to the totals is read; on leaving each row is linked to its leg and call,
stamped with their time, extension and group, its state is decided, the totals get the difference, and searches find the
calls of which something can be heard. What is in the trash (a row of Trashed names it) stays there, whatever arrives.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from cdrs.ingest.staging import as_array, cursor, update_rows
from portal.media.facts import is_short
from records.ingest.kinds import RECORDING, VOICEMESSAGE, Kind
from records.ingest.parties import AS_IT_SHOULD, AS_IT_STANDS, PARTIES
from records.ingest.totals import Standing, Totals
from records.models import State

DECIDED = ("call_id", "leg_id", "init_time", "extension_id", "group_id", "state", "findings", "file_name")
COLUMNS = {
    RECORDING: ("client_id", "id", *DECIDED, *PARTIES, "ended_at"),
    VOICEMESSAGE: ("client_id", "id", *(name for name in DECIDED if name not in {"call_id", "leg_id"})),
}

# A name made here, without its suffix: other audio may be of another kind.
MADE_UP = re.compile(r"^(\d{4}(?:-\d\d){5}-UTC_[a-z]+_[0-9A-Za-z]+_[a-z]{4})\.[a-z0-9]+$")


class Row(NamedTuple):
    """A row as it is, with the leg and call it belongs to. `expected` is its length in seconds as the CDR says."""

    id: int
    call_id: int | None
    leg_id: int | None
    init_time: datetime | None
    extension_id: int | None
    group_id: int | None
    state: str
    findings: list[str]
    file_name: str | None
    size: int | None
    seconds: float | None
    has_facts: bool
    key: str | None
    its_call: int | None
    its_leg: int | None
    its_time: datetime | None
    its_extension: int | None
    its_group: int | None
    expected: int | None
    flow: str | None
    number: str | None
    trashed: bool
    # Of recordings alone, from here on: who took part and when it ended, as it stands and as it should.
    parties: Sequence[str | None] = ()
    ended_at: datetime | None = None
    its_parties: Sequence[str | None] = ()
    its_start: datetime | None = None
    its_end: datetime | None = None
    leg_end: datetime | None = None

    @property
    def standing(self) -> Standing:
        return Standing(
            self.state, self.init_time, self.extension_id, self.group_id, self.size, self.call_id, self.trashed
        )

    @property
    def decided(self) -> tuple[Any, ...]:
        return (*self[1:6], self.state, list(self.findings), self.file_name, list(self.parties), self.ended_at)


@contextmanager
def settling(client_id: int, kind: Kind, ids: Sequence[int]) -> Iterator[None]:
    """Settle these rows after the body changed them; rows that the body inserts may be named, too."""
    lock_standing(client_id, alone=False)
    before = _read(client_id, kind, ids)
    yield
    totals = Totals()
    for row in before:
        totals.add(row.standing, -1)
    changed = []
    for row in _read(client_id, kind, ids):
        settled = settle(row)
        totals.add(settled.standing)
        if settled.decided != row.decided:
            changed.append(_update_row(client_id, kind, settled))
    update_rows(cursor(), kind.table, COLUMNS[kind], changed)
    totals.write(client_id, kind.total)


def lock_standing(client_id: int, *, alone: bool) -> None:
    """Until the transaction ends: settlers of a client go side by side, and none beside who is `alone` (who hides rows
    of which it locks none)."""
    lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    cursor().execute(f"select {lock}(hashtextextended(%s, 0))", [f"standing:{client_id}"])


def settle(row: Row) -> Row:
    """The row as it should stand: its links and stamps, its state, its findings, its name."""
    linked = row._replace(
        call_id=row.its_call,
        leg_id=row.its_leg,
        init_time=row.its_time,
        extension_id=row.its_extension,
        group_id=row.its_group,
        parties=row.its_parties,
        ended_at=end_of(row),
    )
    return linked._replace(state=state_of(linked), findings=findings_of(linked), file_name=name_of(linked))


def state_of(row: Row) -> str:
    """What can be heard has facts, a place in time and audio. What is known to lack audio stays so until it comes."""
    if row.trashed:
        return State.TRASHED
    if row.size is not None:
        return State.AVAILABLE if row.has_facts and row.init_time is not None else State.AWAITING
    return row.state if row.state in {State.MISSING, State.BAD} else State.AWAITING


def findings_of(row: Row) -> list[str]:
    """Findings of the audio stay; `short` depends on the CDR, which may change."""
    found = [finding for finding in row.findings if finding != "short"]
    if row.seconds is not None and row.expected is not None and is_short(row.seconds, row.expected):
        found.insert(0, "short")
    return found


def end_of(row: Row) -> datetime | None:
    """When the recording ended: as its facts say, else by its length; where they know no beginning, with its leg."""
    if row.its_end is not None or (row.its_start is None and row.leg_end is not None):
        return row.its_end or row.leg_end
    start = row.its_start or row.its_time
    return start + timedelta(seconds=row.seconds) if start is not None and row.seconds is not None else None


def name_of(row: Row) -> str | None:
    """The source's file name, else one like 2021-01-01-00-00-18-UTC_out_0541_ypgt.mp3, made once all of it is known."""
    if row.key is None or row.init_time is None:
        return row.file_name
    suffix = row.key.rpartition(".")[2]
    if row.file_name:
        return MADE_UP.sub(rf"\1.{suffix}", row.file_name)
    number = "".join(filter(str.isalnum, row.number or "")) or "unknown"
    letters = "".join(secrets.choice(string.ascii_lowercase) for _ in range(4))
    return f"{row.init_time.astimezone(UTC):%Y-%m-%d-%H-%M-%S}-UTC_{row.flow or 'in'}_{number}_{letters}.{suffix}"


def _update_row(client_id: int, kind: Kind, row: Row) -> list[Any]:
    values = row._asdict() | {"client_id": client_id, "findings": as_array(row.findings)}
    values |= zip(PARTIES, row.parties, strict=False)
    return [values[name] for name in COLUMNS[kind]]


def _read(client_id: int, kind: Kind, ids: Sequence[int]) -> list[Row]:
    if not ids:
        return []
    rows = cursor().execute(_ROWS[kind], {"client_id": client_id, "ids": list(ids)})
    return [Row(*row) for row in rows]


# A leg that is named decides alone; a call that is named without one lends its first leg at an extension. `case` says
# which call it is, and not coalesce: that is not leak-proof, so under the policy it would mean reading all calls.
_RECORDINGS = f"""
select r.id, r.call_id, r.leg_id, r.init_time, r.extension_id, r.group_id, r.state, r.findings, r.file_name,
       r.size, r.seconds, r.facts_hash is not null, m.key,
       coalesce(l.call_id, c.id), coalesce(l.id, f.id), coalesce(l.init_time, f.init_time, c.started_at),
       coalesce(l.extension_id, f.extension_id),
       case when l.id is not null then l.group_id else f.group_id end,
       coalesce(l.billsec, f.billsec), coalesce(l.flow, f.flow, c.direction),
       coalesce(x.number, l.dest_number, f.dest_number, c.called_number), t.id is not null,
       {AS_IT_STANDS}, r.ended_at, {AS_IT_SHOULD}, r.started_at, r.stopped_at, coalesce(l.hangup_time, f.hangup_time)
  from records_record r
  left join cdrs_leg l on l.client_id = %(client_id)s and l.source = r.source and l.source_id = r.leg_source_id
  left join cdrs_call c on r.leg_source_id is null
       and c.client_id = %(client_id)s and c.source = r.source and c.source_id = r.call_source_id
  left join lateral (
       select * from cdrs_leg where client_id = %(client_id)s and call_id = c.id
        order by extension_id is null, init_time, id limit 1) f on true
  left join cdrs_call w on w.client_id = %(client_id)s
       and w.id = case when l.call_id is not null then l.call_id else c.id end
  left join clients_extension x on x.client_id = %(client_id)s and x.id = coalesce(l.extension_id, f.extension_id)
  left join lateral (
       select key from records_mediafile where client_id = %(client_id)s and record_id = r.id
        order by position, id limit 1) m on true
  left join records_trashed t on t.client_id = %(client_id)s and t.record_id = r.id
 where r.client_id = %(client_id)s and r.id = any(%(ids)s::bigint[])
 order by r.id for update of r
"""  # noqa: S608 - our own text
_VOICEMESSAGES = """
select v.id, null::bigint, null::bigint, v.init_time, v.extension_id, v.group_id, v.state, v.findings, v.file_name,
       v.size, v.seconds, v.facts_hash is not null, m.key,
       null::bigint, null::bigint, v.init_time, v.extension_id, v.group_id, v.duration, 'voicemail', x.number,
       t.id is not null
  from records_voicemessage v
  left join clients_extension x on x.client_id = %(client_id)s and x.id = v.extension_id
  left join lateral (
       select key from records_mediafile where client_id = %(client_id)s and voicemessage_id = v.id
        order by position, id limit 1) m on true
  left join records_trashed t on t.client_id = %(client_id)s and t.voicemessage_id = v.id
 where v.client_id = %(client_id)s and v.id = any(%(ids)s::bigint[])
 order by v.id for update of v
"""
_ROWS = {RECORDING: _RECORDINGS, VOICEMESSAGE: _VOICEMESSAGES}

"""What others' calls say of a number: CDRs that are its own, events, messages to subscribers, holds that have ended.

A call that was put through to the number is somebody else's, and stays. The CDR that led to it goes, with its
recordings; from what is left the number is taken out. Here columns are compared that no index has: a client's rows are
read through once.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q, TextField
from django.db.models.functions import Cast

from archives import ending
from archives.models import ENDED, Archive, ArchiveMember
from archives.models import Kind as ArchiveKind
from archives.models import State as ArchiveState
from archives.person.finding import Person
from archives.person.leaving import Erasing
from archives.person.rows import certify
from archives.person.signals import number_erased
from archives.person.spelling import pattern
from cdrs.forgetting import forget_cdrs, forget_stray_events
from cdrs.holding import held_calls
from cdrs.ingest.names import lock_sources
from cdrs.models import Call, CallEvent, CurrentCall, Leg, Participant
from portal.access.isolation import scope
from portal.holds.models import Hold
from portal.holds.queries import standing_holds
from portal.live.models import Delivery
from records.holding import held_ids
from records.models import Capture, Record, RecordedCall, VoiceMessage

AT_ONCE = 1000
FORGOTTEN = "erased"  # where a number has to stand
# Where the number of somebody outside may stand in a CDR, and in a recording that has no call.
OF_LEGS = (
    *("from_username", "to_username", "source_number", "dest_number", "did_number", "ani_number", "ext_number_reg"),
    *("src_id", "dst_id", "from_screen_name", "src_name", "dst_name", "clid"),
)
OF_STRAYS = ("file_name", "source_id", "leg_source_id", "call_source_id")
# What is told in others' rows beside their own numbers: from it the number is taken out, the text as a whole.
TOLD_BY_OTHERS: dict[Any, tuple[str, ...]] = {
    Call: ("caller_name", "called_name", "queue_id", "queue_name", "region", "metadata"),
    Leg: (*OF_LEGS, "context", "labels", "info", "metadata"),
    Participant: ("phone_number", "user_name", "first_name", "last_name"),
    CallEvent: ("caller_name", "called_name"),
    Record: (
        *("file_name", "agent_id", "agent", "case_id", "account_number", "transaction_id", "ext_var1", "ext_var2"),
        *("out_dial_code", "wrap_up_code", "queue_id", "queue_name"),
    ),
    VoiceMessage: ("file_name", "caller_name", "callerid", "folder"),
}
ENDS = ("caller_number", "called_number")


def search(erasing: Erasing) -> None:
    """Which CDRs of others' calls, and which recordings without a call, are the number's own."""
    person = replace(erasing.person, legs=(), strays=())
    with scope(erasing.client_id):
        ids = matching("cdrs_leg", OF_LEGS, erasing)
        others = person.mine(Leg).filter(id__among=ids).exclude(call_id__in=person.calls.values("id"))
        legs = tuple(others.order_by("id").values_list("id", flat=True))
        strays = person.mine(Record).filter(call=None).filter(spelled(OF_STRAYS, erasing))
        found = tuple(strays.order_by("id").values_list("id", flat=True))
    erasing.person = replace(person, legs=legs, strays=found)


def matching(table: str, columns: Sequence[str], erasing: Erasing) -> list[int]:
    """The rows of the client in which one of the columns is the number; of `"Name" <number>` each part may be."""
    same = " or ".join(
        f"%(plain)s = any(array[{', '.join(_PLAIN.format(part) for part in parts(column))}])" for column in columns
    )
    sql = f"select id from {table} where client_id = %(client_id)s and ({same}) order by id"  # noqa: S608
    with connection.cursor() as db:
        db.execute(sql, {"plain": erasing.person.plain, "client_id": erasing.client_id})
        return [row_id for (row_id,) in db.fetchall()]


def parts(column: str) -> list[str]:
    if column != "clid":
        return [column]
    return [column, f"substring({column} from '<([^>]*)>')", f"substring({column} from '^(.*)<')"]


_PLAIN = "reverse(regexp_replace({}, '[^0-9A-Za-z]', '', 'g'))"


def spelled(columns: Sequence[str], erasing: Erasing) -> Q:
    """The condition that one of the texts has the number in it; none has, where it is too short to be told."""
    wanted, found = pattern(erasing.person.plain), Q(pk__in=[])
    for column in columns if wanted else ():
        found |= Q(**{f"{column}__regex": wanted})
    return found


def take_out(erasing: Erasing) -> None:
    forget_legs(erasing)
    for step in (
        stray_events,
        events_of_others,
        packs_of_others,
        texts_of_others,
        searched_names,
        archives_of_others,
        current_calls,
        messages,
        ended_holds,
    ):
        with scope(erasing.client_id):
            erasing.keep()
            step(erasing)
    tell_others(erasing)


def tell_others(erasing: Erasing) -> None:
    """The floors above have facts as they came in."""
    told = {"client_id": erasing.client_id, "person": erasing.person, "kept": partial(kept_among, erasing)}
    answers: list[tuple[Any, Any]] = number_erased.send(sender=None, **told)
    for _, counts in answers:
        with scope(erasing.client_id):
            erasing.also(**counts)


def forget_legs(erasing: Erasing) -> None:
    """The number's own CDRs in others' calls, unless a hold keeps the call."""
    while True:
        with scope(erasing.client_id):
            erasing.keep()
            ids = list(free_legs(erasing).order_by("id").values_list("id", flat=True)[:AT_ONCE])
            sources = Leg.objects.filter(client_id=erasing.client_id, id__among=ids).order_by().values_list("source")
            lock_sources(erasing.client_id, {source for (source,) in sources})
            certify(erasing, forget_cdrs(erasing.client_id, ids))
        if len(ids) < AT_ONCE:
            return


def free_legs(erasing: Erasing) -> Any:
    person = erasing.person
    of_leg = {"client_id": OuterRef("client_id"), "leg_id": OuterRef("id")}
    needed = Exists(Record.objects.filter(**of_leg)) | Exists(Capture.objects.filter(**of_leg))
    mine = person.mine(Leg).filter(id__among=person.legs).exclude(needed)
    return mine.exclude(call_id__in=held(erasing).values("id"))


def held(erasing: Erasing) -> Any:
    """Calls that a hold keeps, whoever's: nothing is changed of what is told with them."""
    holds, person = standing_holds(erasing.client_id), erasing.person
    if not holds:
        return person.mine(Call).none()
    of_records = holds.on(call="call_id", thing="uuid", extension="extension_id", at="init_time")
    kept = person.mine(Record).filter(of_records, call_id__isnull=False).values("call_id")
    return person.mine(Call).filter(held_calls(erasing.client_id, holds) | Q(id__in=kept))


def kept_among(erasing: Erasing, names: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these (source, source_id) a hold keeps, in the running transaction: calls, events, what is heard."""
    if not names or not standing_holds(erasing.client_id):
        return set()
    ids, mine = [source_id for _, source_id in names], erasing.person.mine
    kept = [
        mine(Call).filter(id__in=held(erasing).values("id"), source_id__in=ids),
        mine(CallEvent).filter(call_id__in=held(erasing).values("id"), source_id__in=ids),
    ]
    for model in (Record, VoiceMessage):
        told = mine(model).filter(source_id__in=ids)
        kept.append(told.filter(id__among=sorted(held_ids(erasing.client_id, told))))
    return {name for rows in kept for name in rows.values_list("source", "source_id")}


# ---------------------------------------------------------------- each in the transaction of `take_out`


def archives_of_others(erasing: Erasing) -> None:
    """Archives in which a file of another's is called by the number: they end, since their zips say it as well."""
    named = erasing.person.mine(ArchiveMember).filter(spelled(["name", "facts"], erasing))
    ids = sorted(set(named.order_by().values_list("archive_id", flat=True)))
    named.update(name=FORGOTTEN, facts=None)
    for archive in erasing.person.mine(Archive).filter(id__among=ids).select_for_update().order_by("id"):
        ending.end(archive, ArchiveState.ERASED, ending.ERASED)
    erasing.keep(archives=sorted({*erasing.erasure.archives, *ids}))


def packs_of_others(erasing: Erasing) -> None:
    """Access packs of others in whose calls a text names the number: they tell these texts in calls.json."""
    packs = erasing.person.mine(Archive).filter(kind=ArchiveKind.PERSON, number__isnull=False)
    for pack in packs.exclude(state__in=ENDED).order_by("id"):
        calls = Person(erasing.client_id, str(pack.number)).calls
        legs = erasing.person.mine(Leg).filter(call_id__in=calls.values("id"))
        if any(naming(rows, rows.model, erasing) for rows in (calls, legs)):
            ending.end(pack, ArchiveState.ERASED, ending.ERASED)
            erasing.keep(archives=sorted({*erasing.erasure.archives, pack.pk}))


def naming(rows: Any, model: Any, erasing: Erasing) -> bool:
    return any(
        rows.alias(text=Cast(column, TextField())).filter(spelled(["text"], erasing)).exists()
        for column in TOLD_BY_OTHERS[model]
    )


def stray_events(erasing: Erasing) -> None:
    """Of calls whose facts never came: all events of a call in which one names the number."""
    strays = erasing.person.mine(CallEvent).filter(call=None)
    named = strays.filter(id__among=matching("cdrs_callevent", ENDS, erasing)).values_list("source", "call_key")
    of_calls = Q(pk__in=[])
    for source, key in set(named):
        of_calls |= Q(source=source, call_key=key)
    ids = list(strays.filter(of_calls).values_list("id", flat=True))
    erasing.person.mine(CurrentCall).filter(of_calls).delete()
    erasing.also(events=forget_stray_events(erasing.client_id, ids))


def events_of_others(erasing: Erasing) -> None:
    """Of calls that are another's, and that no hold keeps: they stay, without the number."""
    others = erasing.person.mine(CallEvent).filter(call__isnull=False).exclude(call_id__in=held(erasing).values("id"))
    others = others.exclude(call_id__in=erasing.person.calls.values("id"))
    for end in ENDS:
        named = others.filter(id__among=matching("cdrs_callevent", [end], erasing))
        named.update(**{end: None, end.replace("number", "name"): None})


def texts_of_others(erasing: Erasing) -> None:
    """What a PBX or a recorder wrote beside others' calls, CDRs, recordings and messages; not what a hold keeps."""
    for model, columns in TOLD_BY_OTHERS.items():
        free = free_of(model, erasing)
        for column in columns:
            written = free.alias(text=Cast(column, TextField())).filter(spelled(["text"], erasing))
            written.update(**{column: None})


def free_of(model: Any, erasing: Erasing) -> Any:
    """Others' rows that may be changed."""
    person = erasing.person
    rows = person.mine(model)
    if model is VoiceMessage:
        return rows.exclude(id__in=person.messages.values("id")).exclude(id__among=sorted(held_ids_of(model, erasing)))
    call = "id" if model is Call else "call_id"
    others = rows.exclude(**{f"{call}__in": person.calls.values("id")})
    others = others.exclude(**{f"{call}__in": held(erasing).values("id")})
    return others.exclude(id__among=sorted(held_ids_of(model, erasing))) if model is Record else others


def held_ids_of(model: Any, erasing: Erasing) -> set[int]:
    """Of the recordings or messages that name the number those that a hold keeps."""
    return held_ids(erasing.client_id, erasing.person.mine(model).filter(spelled(TOLD_BY_OTHERS[model], erasing)))


def searched_names(erasing: Erasing) -> None:
    """Names by which others' recordings are found are those of who took part: the number is none of them any more."""
    wanted = pattern(erasing.person.plain)
    named = erasing.person.mine(RecordedCall).filter(spelled(["names"], erasing))
    named = named.exclude(call_id__in=held(erasing).values("id"))
    for row in named.only("client_id", "call_id", "names") if wanted else ():
        left = "\n".join(name for name in row.names.split("\n") if not re.search(str(wanted), name))
        named.filter(call_id=row.call_id).update(names=left)


def current_calls(erasing: Erasing) -> None:
    named = Q(id__among=matching("cdrs_currentcall", ENDS, erasing)) | spelled(["caller_name", "called_name"], erasing)
    erasing.person.mine(CurrentCall).filter(named).exclude(call_uuid__in=held(erasing).values("call_uuid")).delete()


def messages(erasing: Erasing) -> None:
    """To subscribers: of others' calls, sent or not; not of those that a hold keeps."""
    named = erasing.person.mine(Delivery).filter(spelled(["body"], erasing))
    threads = set(named.order_by().values_list("thread", flat=True))
    uuids = [UUID(thread) for thread in threads if re.fullmatch("[0-9a-f]{32}", thread)]
    kept = [uuid.hex for uuid in held(erasing).filter(call_uuid__in=uuids).values_list("call_uuid", flat=True)]
    gone, _ = named.exclude(thread__in=kept).delete()
    erasing.also(messages=gone)


def ended_holds(erasing: Erasing) -> None:
    """They stay as history, without the number that they were on."""
    ended = erasing.person.mine(Hold).filter(kind=Hold.Kind.NUMBER, plain_rev=erasing.person.plain)
    ids = ended.open().values("id")
    ended.exclude(id__in=ids).update(number=FORGOTTEN, plain_rev="")

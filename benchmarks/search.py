"""gws's searches by number and name in the largest client, against a scan of its own calls in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from django.db import connection
from django.db.models import Q

from benchmarks.database import vacuum
from benchmarks.table import Options, Row, Target
from cdrs.models import Call, Participant
from portal.access.isolation import scope
from portal.access.principal import Principal, whole_client
from portal.clients.lookups import directory, named
from portal.clients.models import Client
from portal.dialects.gws import params, search
from records.ingest.recorded import keep_found
from records.models import RecordedCall

OURS, SCANS = 60, 5
BATCH = 20_000
# Agents' names: one in thirty has "son" in it.
FIRST = ("Ada", "Ben", "Carla", "David", "Elena", "Frank", "Grace", "Hugo", "Irene", "Li")
LAST = ("Abel", "Berg", "Castro", "Dietz", "Evans", "Fischer", "Garcia", "Hansen", "Iqbal", "Jensen", "Keller", "Lopez")
ASKED: tuple[tuple[str, str, float | None], ...] = (
    ("callerPhoneNumber", "*6888", 50),
    ("callerPhoneNumber", "*6888*", 10),
    ("callerPhoneNumber", "15556*888", None),
    ("callerPhoneNumber", "*68*", None),
    ("userName", "*son*", 5),
    ("userName", "*son AND ada", None),
    ("userName", "*e*", None),
)


def run(options: Options) -> list[Row]:
    client = named(options.largest)
    assert client is not None, "the load data is not there"
    tell_who_took_part()
    who = whole_client(client.pk)
    with scope(client.pk):
        count = RecordedCall.objects.visible_to(who).count()
    return [row(who, count, *asked) for asked in ASKED]


def row(who: Principal, count: int, name: str, value: str, wanted: float | None) -> Row:
    param = params.SEARCH[name]
    values = {param.to: param.read([value])}
    with scope(who.client_id):
        found = search.first(who, values)
        ours = timed(lambda: search.first(who, values), OURS)
        walk = timed(lambda: list(met(who, values)[: search.MOST]), SCANS)
        scan = timed(lambda: sorted(met(who, values).order_by())[: search.MOST], SCANS)
    return Row(
        f"search, {name}={value}, {len(found)} of {count:,} recorded calls",
        "ms",
        ours,
        ordinary=scan,
        target=Target(of_ordinary=wanted),
        note=f"ordinary: all of the client's own calls looked at; along time, ending with the 100th, {walk:,.3g} ms",
    )


def timed(work: Callable[[], Any], rounds: int) -> float:
    """Median in milliseconds."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return median(taken) * 1000


def met(who: Principal, values: dict[str, Any]) -> Any:
    """As one writes it first: the conditions on calls and participants themselves."""
    calls = Call.objects.visible_to(who).filter(recordings__gt=0).order_by("started_at", "id")
    for name, patterns in values.items():
        if name == "took_part":
            for group in patterns:
                people = Participant.objects.visible_to(who).filter(any_name(group))
                calls = calls.filter(id__in=people.order_by().values("call_id"))
        else:
            plain = patterns[0][::-1].replace("*", ".*")
            calls = calls.filter(**{f"{name}_plain_rev__regex": f"^{plain}$"})
    return calls.values_list("started_at", "id")


def any_name(group: tuple[str, ...]) -> Q:
    either = Q()
    for name in group:
        pattern = f"^{name.replace('*', '.*')}$"
        for column in ("user_name", "first_name", "last_name"):
            either |= Q(**{f"{column}__iregex": pattern})
    return either


# ---------------------------------------------------------------- who took part


def tell_who_took_part() -> None:
    """The load data knows no names: each recorded call gets its agents. Once; they are there for the next run."""
    told = 0
    for client in directory():
        with scope(client.pk):
            if Participant.objects.visible_to(whole_client(client.pk)).exists():
                continue
            ids = list(RecordedCall.objects.visible_to(whole_client(client.pk)).values_list("call_id", flat=True))
        for start in range(0, len(ids), BATCH):
            tell(client, ids[start : start + BATCH])
        told += len(ids)
    if told:
        vacuum()


def tell(client: Client, call_ids: list[int]) -> None:
    with scope(client.pk), connection.cursor() as db:
        names = [list(FIRST), len(FIRST), list(LAST), len(LAST)]
        db.execute(_PEOPLE, [client.domain, *names, client.pk, call_ids])
        keep_found(client.pk, call_ids)


_PEOPLE = """
insert into cdrs_participant
       (client_id, call_id, occurred_at, type, event, phone_number, user_name, first_name, last_name)
select client_id, call_id, init_time, 'User', 'Joined', extension_id::text,
       lower(first || '.' || last) || '@' || %s, first, last
  from (select *,
               case when extension_id %% 30 = 0 then 'Sonja' else (%s::text[])[extension_id %% %s + 1] end as first,
               case when extension_id %% 30 = 1 then 'Johnson' else (%s::text[])[extension_id %% %s + 1] end as last
          from cdrs_leg) told
 where client_id = %s and call_id = any(%s) and extension_id is not null
"""

"""The mark: nothing of a number is heard any more, in lists, by links, in archives; workers may take it away.

What is in the trash waits no longer, and what an archive pins is let go: its link ends, and says why.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from archives import ending
from archives.models import ENDED, Archive, State
from archives.models import Kind as ArchiveKind
from archives.person.finding import Kept, Person
from archives.person.leaving import Erasing
from archives.person.models import Erasure
from cdrs.models import Call, Leg
from portal.access.isolation import scope
from portal.access.principal import DEEDS, Principal, Reach
from portal.holds.queries import standing_holds
from records.deletion import remove_now
from records.deletion.trashing import doom_all
from records.holding import without_held
from records.models import Trashed

AT_ONCE = 500


def hide(erasure: Erasure, person: Person) -> None:
    """All that no hold keeps, in the running transaction. It may run twice: there is nothing left for the second."""
    kept = Kept(person, standing_holds(person.client_id))
    let_go(erasure, person, kept)
    for rows, held in ((person.records, kept.records), (person.messages, kept.messages)):
        doom_all(rows.exclude(id__among=held), asker(erasure), erasure.via, erasure.certificate)


def hide_again(erasing: Erasing) -> None:
    """A worker's first step: what has come in since, or was brought back, and what was in the trash before."""
    with scope(erasing.client_id):
        erasing.keep()
        hide(erasing.erasure, erasing.person)
    more = True
    while more:
        with scope(erasing.client_id):
            erasing.keep()
            more = out_of_trash(erasing.erasure, erasing.person)


def let_go(erasure: Erasure, person: Person, kept: Kept) -> None:
    """End the archives that have something of it, and those that were asked for it; what is in them of it goes."""
    records = list(person.records.exclude(id__among=kept.records).values_list("id", flat=True))
    messages = list(person.messages.exclude(id__among=kept.messages).values_list("id", flat=True))
    touched = set(person.archives.values_list("id", flat=True)) | set(erasure.archives)
    ending.erase(person.client_id, records=records, messages=messages)
    for pack in packs_with(person, kept):
        touched.add(pack.pk)
        ending.end(pack, State.ERASED, ending.ERASED)
    ended = person.mine(Archive).filter(id__among=sorted(touched), state__in=ENDED)
    erasure.archives = sorted(ended.values_list("id", flat=True))
    erasure.save(update_fields=["archives"])


def packs_with(person: Person, kept: Kept) -> list[Archive]:
    """Its access packs, and others' that tell of a call which is to go: calls.json has those without sound as well."""
    packs = person.mine(Archive).filter(kind=ArchiveKind.PERSON, number__isnull=False).order_by("id")
    going = person.calls.exclude(id__among=kept.calls) | with_legs(person)
    others = packs.exclude(number=person.plain).exclude(state__in=ENDED)
    telling = [
        pack
        for pack in others
        if Person(person.client_id, str(pack.number)).calls.filter(id__in=going.values("id")).exists()
    ]
    return [*packs.filter(number=person.plain), *telling]


def with_legs(person: Person) -> Any:
    """Others' calls with CDRs that are its own."""
    return person.mine(Call).filter(id__in=person.mine(Leg).filter(id__among=person.legs).values("call_id"))


def out_of_trash(erasure: Erasure, person: Person) -> bool:
    """A batch of what was in the trash before goes now; whether there was any. In `scope(client_id)`."""
    standing_holds(person.client_id)  # no other is placed until the transaction ends
    before = person.mine(Trashed).filter(of(person), removing=False).exclude(deletion__certificate=erasure.certificate)
    ids = list(without_held(person.client_id, before).values_list("id", flat=True)[:AT_ONCE])
    items = Trashed.objects.filter(id__in=ids)
    return bool(ids) and bool(remove_now(person.client_id, items, asker(erasure), erasure.via, erasure.certificate))


def of(person: Person) -> Q:
    """Items of the trash that are the person's."""
    return Q(record_id__in=person.records.values("id")) | Q(voicemessage_id__in=person.messages.values("id"))


def asker(erasure: Erasure) -> Principal:
    """Who asked, for what is done in their name later."""
    whose: dict[str, Any] = {"user_id": erasure.user_id, "application_id": erasure.application_id}
    return Principal(Reach.CLIENT, erasure.client_id, deeds=DEEDS, name=erasure.asked_by, **whose)

"""The words in which recordings, voice messages and the trash are asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db.models import BooleanField, Func, Model, Q
from django.db.models.expressions import RawSQL

from portal.access.principal import Principal, Reach
from portal.access.querysets import OwnedQuerySet

# Written into the statement: a prepared one with a parameter here could not use the indexes of what is available.
AVAILABLE = RawSQL("'available'", ())
TRASHED = RawSQL("'trashed'", ())


class NotHidden(Func):
    """Whether a row is not taken by a large deletion whose rows are still to be marked.

    Whether there is such a deletion is asked once a statement, of the bound client: a list where there is none costs
    what it cost before (docs/decisions/deletion.md). `offset 0` keeps PostgreSQL from gathering the whole trash for it.
    """

    template = (
        "(not exists(select from records_deletion where hides and kind = '%(kind)s') or not exists(select from"
        " records_trashed t where (t.client_id, t.%(kind)s_id) = (%(expressions)s) offset 0))"
    )
    output_field = BooleanField()

    def __init__(self, model: type[Model]) -> None:
        super().__init__("client_id", "id", kind=model._meta.model_name)


class StillHeard(NotHidden):
    """Of a recorded call whether something in it is not taken by such a deletion."""

    template = (
        "(not exists(select from records_deletion where hides and kind = 'record') or exists(select from"
        " records_record r where (r.client_id, r.call_id) = (%(expressions)s) and r.state = 'available'"
        " and not exists(select from records_trashed t where (t.client_id, t.record_id) = (r.client_id, r.id)"
        " offset 0) offset 0))"
    )

    def __init__(self) -> None:
        Func.__init__(self, "client_id", "call_id")


class RecordedQuerySet(OwnedQuerySet):
    def heard(self) -> Self:
        """Calls of which something can be heard now."""
        return self.filter(StillHeard())


class HeardQuerySet(OwnedQuerySet):
    def available(self) -> Self:
        """What can be heard: facts and audio are both there, nothing is deleted."""
        return self.filter(NotHidden(self.model), state=AVAILABLE)

    def present(self) -> Self:
        """What is not in the trash, whether it can be heard or not."""
        return self.filter(NotHidden(self.model)).exclude(state=TRASHED)

    def between(self, start: datetime, end: datetime) -> Self:
        """Rows whose call began in [start, end], both ends included as the papers have it."""
        return self.filter(init_time__gte=start, init_time__lte=end)


class TrashedQuerySet(OwnedQuerySet):
    def within_reach(self, principal: Principal) -> Self:
        """What is in the trash of a group or an extension is what was theirs before."""
        own = {Reach.GROUP: ("group_id", principal.group_id), Reach.EXTENSION: ("extension_id", principal.extension_id)}
        column, owner = own[principal.reach]
        if owner is None:
            return self.none()
        return self.filter(Q(**{f"record__{column}": owner}) | Q(**{f"voicemessage__{column}": owner}))

"""Calls, their legs (CDRs), participants and events, and the counters kept beside them.

Columns carry the canonical names of the facts (docs/intake.md); a vendor's word appears only in its dialect's folder.
Rows of other tables are joined by (client_id, id): the foreign keys in the migrations cannot cross the tenant wall.
"""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Reverse

from cdrs.querysets import CallEventQuerySet, CallQuerySet, LegQuerySet, ParticipantQuerySet
from portal.access.querysets import Owned
from portal.clients.models import Extension, ExtensionGroup


class Direction(models.TextChoices):
    IN = "in", "inbound"
    OUT = "out", "outbound"
    INTERNAL = "internal"
    WEBCALL = "webcall", "web call"
    CALLMEBACK = "callmeback", "call me back"


class Result(models.TextChoices):
    ANSWERED = "answered"
    BUSY = "busy"
    NOT_ANSWERED = "not answered"
    ANSWERED_ELSEWHERE = "answered elsewhere"
    FAILED = "failed"
    REJECTED = "rejected"
    VOICEMAIL = "voicemail"
    BRIDGED = "bridged"


def plain(column: str) -> models.Func:
    """Letters and digits alone, as number searches compare them."""
    return models.Func(
        models.functions.Coalesce(models.F(column), models.Value("")),
        models.Value("[^0-9A-Za-z]"),
        models.Value(""),
        models.Value("g"),
        function="regexp_replace",
    )


def stored(expression: models.Expression | models.Func) -> models.GeneratedField:
    return models.GeneratedField(expression=expression, output_field=models.TextField(), db_persist=True)


def owner(target: type[models.Model] | str, **options: object) -> models.ForeignKey:
    """A reference inside one client; the constraint is the migration's composite key, the index the table's own."""
    return models.ForeignKey(target, models.DO_NOTHING, db_constraint=False, db_index=False, **options)  # type: ignore[arg-type]


class Call(Owned):
    """One conversation as the customer lived it. `result` is decided at ingest from the legs (cdrs.facts)."""

    call_uuid = models.UUIDField(default=uuid.uuid4)
    source = models.CharField(max_length=60)
    source_id = models.CharField(max_length=200)
    direction = models.CharField(max_length=12, choices=Direction)
    started_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=20, choices=Result, null=True)
    caller_number = models.TextField(null=True)
    caller_name = models.TextField(null=True)
    called_number = models.TextField(null=True)
    called_name = models.TextField(null=True)
    did = models.TextField(null=True)
    queue_id = models.TextField(null=True)
    queue_name = models.TextField(null=True)
    region = models.TextField(null=True)
    metadata = models.JSONField(null=True)
    # How many of its recordings can be heard now: kept by records.ingest and by deletion.
    recordings = models.PositiveSmallIntegerField(default=0)
    facts_hash = models.BinaryField(max_length=16)
    created_at = models.DateTimeField(auto_now_add=True)
    caller_plain_rev = stored(Reverse(plain("caller_number")))
    called_plain_rev = stored(Reverse(plain("called_number")))

    objects = CallQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.UniqueConstraint("client", "id", name="call_id_in_client"),
            models.UniqueConstraint("client", "source", "source_id", name="call_source_in_client"),
            models.UniqueConstraint("client", "call_uuid", name="call_uuid_in_client"),
        ]
        indexes = [
            models.Index(models.F("client"), models.F("started_at").desc(), models.F("id").desc(), name="call_by_time"),
            # Calls without a CDR are among those without a result: so retention finds them.
            models.Index(
                fields=["client", "started_at", "id"], name="call_without_result", condition=models.Q(result=None)
            ),
            models.Index(
                fields=["client", "caller_plain_rev"],
                name="call_caller_rev",
                opclasses=["int8_ops", "text_pattern_ops"],
            ),
            models.Index(
                fields=["client", "called_plain_rev"],
                name="call_called_rev",
                opclasses=["int8_ops", "text_pattern_ops"],
            ),
        ]


class Leg(Owned):
    """A CDR: one extension's part in a call. `group` is stamped at ingest and decides who may see it for ever."""

    called = "calls"
    group_path = "group_id"
    extension_path = "extension_id"

    call = owner(Call, related_name="legs")
    extension = owner(Extension, null=True)
    group = owner(ExtensionGroup, null=True)
    source = models.CharField(max_length=60)
    source_id = models.CharField(max_length=200)
    flow = models.CharField(max_length=12, null=True)
    init_time = models.DateTimeField()
    start_time = models.DateTimeField(null=True)
    hangup_time = models.DateTimeField(null=True)
    duration = models.IntegerField(null=True, help_text="whole seconds from init to hangup")
    billsec = models.IntegerField(null=True, help_text="whole seconds connected")
    result = models.CharField(max_length=20, choices=Result, null=True)
    hangup_cause = models.TextField(null=True)
    hangup_disposition = models.CharField(max_length=20, default="", help_text="empty: could not be determined")
    from_username = models.TextField(null=True)
    from_domain = models.TextField(null=True)
    from_screen_name = models.TextField(null=True)
    to_username = models.TextField(null=True)
    to_domain = models.TextField(null=True)
    source_number = models.TextField(null=True)
    source_domain = models.TextField(null=True)
    dest_number = models.TextField(null=True)
    dest_domain = models.TextField(null=True)
    did_number = models.TextField(null=True)
    did_domain = models.TextField(null=True)
    ani_number = models.TextField(null=True)
    ext_number_reg = models.TextField(null=True)
    application = models.TextField(null=True)
    context = models.TextField(null=True)
    clid = models.TextField(null=True)
    src_id = models.TextField(null=True)
    src_name = models.TextField(null=True)
    dst_id = models.TextField(null=True)
    dst_name = models.TextField(null=True)
    disposition = models.TextField(null=True)
    rate = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    charge = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    live_id = models.BigIntegerField(null=True)
    parent_live_id = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    sip_endpoint_id = models.BigIntegerField(null=True)
    server_id = models.BigIntegerField(null=True)
    src_ua = models.TextField(null=True)
    dst_ua = models.TextField(null=True)
    src_codec = models.TextField(null=True)
    dst_codec = models.TextField(null=True)
    labels = ArrayField(models.TextField(), null=True)
    info = models.TextField(null=True)
    metadata = models.JSONField(null=True)

    objects = LegQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["-init_time", "-id"]
        constraints = [
            models.UniqueConstraint("client", "id", name="leg_id_in_client"),
            models.UniqueConstraint("client", "source", "source_id", name="leg_source_in_client"),
        ]
        indexes = [
            models.Index(models.F("client"), models.F("init_time").desc(), models.F("id").desc(), name="leg_by_time"),
            models.Index(
                models.F("client"),
                models.F("extension"),
                models.F("init_time").desc(),
                models.F("id").desc(),
                name="leg_by_extension",
            ),
            models.Index(
                models.F("client"),
                models.F("group"),
                models.F("init_time").desc(),
                models.F("id").desc(),
                name="leg_by_group",
            ),
            models.Index(fields=["client", "call"], name="leg_by_call"),
        ]


class Participant(Owned):
    """A participant event: somebody joined or left."""

    class Type(models.TextChoices):
        USER = "User"
        EXTERNAL = "External"

    class Event(models.TextChoices):
        JOINED = "Joined"
        LEFT = "Left"

    call = owner(Call, related_name="participants")
    occurred_at = models.DateTimeField()
    type = models.CharField(max_length=10, choices=Type)
    phone_number = models.TextField(null=True)
    user_name = models.TextField(null=True)
    first_name = models.TextField(null=True)
    last_name = models.TextField(null=True)
    event = models.CharField(max_length=10, choices=Event)
    phone_plain_rev = stored(Reverse(plain("phone_number")))

    objects = ParticipantQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["occurred_at", "id"]
        indexes = [
            models.Index(fields=["client", "call"], name="participant_by_call"),
            models.Index(
                fields=["client", "phone_plain_rev"],
                name="participant_phone_rev",
                condition=models.Q(type="External"),
            ),
        ]


class CallEvent(Owned):
    """What happened while the call lived: ringing, answered, hold, resumed, transferred, muted, unmuted, ended.

    `call` is null until the facts of the call come; until then all of its events carry the `call_uuid` that it will
    have. `group` is stamped as it comes in.
    """

    called = "calls"

    call = owner(Call, related_name="events", null=True)
    call_key = models.CharField(max_length=200, null=True, help_text="source_id of the call")
    call_uuid = models.UUIDField(null=True)
    extension = owner(Extension, null=True)
    group = owner(ExtensionGroup, null=True)
    source = models.CharField(max_length=60)
    source_id = models.CharField(max_length=200)
    at = models.DateTimeField()
    event = models.CharField(max_length=20)
    direction = models.CharField(max_length=12, choices=Direction, null=True)
    caller_number = models.TextField(null=True)
    caller_name = models.TextField(null=True)
    called_number = models.TextField(null=True)
    called_name = models.TextField(null=True)
    side = models.CharField(max_length=10, null=True)
    facts_hash = models.BinaryField(max_length=16, null=True)
    received_at = models.DateTimeField(null=True)

    objects = CallEventQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint("client", "source", "source_id", name="event_source_in_client")]
        indexes = [
            models.Index(fields=["client", "call"], name="event_by_call"),
            models.Index(
                fields=["client", "source", "call_key"], name="event_without_call", condition=models.Q(call=None)
            ),
            models.Index(fields=["client", "at", "id"], name="event_astray", condition=models.Q(call=None)),
        ]


class CurrentCall(Owned):
    """Where an extension stands in a call that lives: what the call's events so far come to (cdrs.live).

    Without an extension: a call that no extension takes part in yet. `leg_uuid` names this turn of the extension,
    `heard_at` is when the portal last heard of the call.
    """

    class State(models.TextChoices):
        RINGING = "ringing"
        ANSWERED = "answered"
        HELD = "held"

    called = "calls"
    group_path = "group_id"
    extension_path = "extension_id"

    call_uuid = models.UUIDField()
    leg_uuid = models.UUIDField()
    source = models.CharField(max_length=60)
    call_key = models.CharField(max_length=200)
    extension = owner(Extension, null=True)
    group = owner(ExtensionGroup, null=True)
    flow = models.CharField(max_length=3, choices=[("in", "inbound"), ("out", "outbound")])
    direction = models.CharField(max_length=12, choices=Direction, null=True)
    state = models.CharField(max_length=10, choices=State)
    muted = models.BooleanField(default=False)
    transferred = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    caller_number = models.TextField(null=True)
    caller_name = models.TextField(null=True)
    called_number = models.TextField(null=True)
    called_name = models.TextField(null=True)
    heard_at = models.DateTimeField()

    class Meta:
        ordering = ["started_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["client", "source", "call_key", "extension"],
                name="current_call_in_client",
                nulls_distinct=False,
            )
        ]
        indexes = [models.Index(fields=["client", "heard_at"], name="current_call_by_heard")]


class DayCount(Owned):
    """Legs of one client, UTC day, extension and group: kept by cdrs.ingest in the transaction of the legs."""

    called = ""
    group_path = "group_id"
    extension_path = "extension_id"

    day = models.DateField()
    extension = owner(Extension, null=True)
    group = owner(ExtensionGroup, null=True)
    legs = models.BigIntegerField(default=0)
    answered = models.BigIntegerField(default=0)
    billsec = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "day", "extension", "group"], name="leg_count_of_day", nulls_distinct=False
            )
        ]


class Tombstone(Owned):
    """What was deleted: importing the same fact again counts as skipped. Only a hash of its source_id is kept.

    Of a `number` that was erased a keyed hash (cdrs.ingest.erased): what happened before `created_at` is not taken in.
    """

    class Kind(models.TextChoices):
        CALL = "call"
        LEG = "leg"
        RECORDING = "recording"
        VOICEMESSAGE = "voicemessage"
        NUMBER = "number"

    kind = models.CharField(max_length=12, choices=Kind)
    source = models.CharField(max_length=60)
    source_hash = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint("client", "kind", "source", "source_hash", name="tombstone_in_client")]

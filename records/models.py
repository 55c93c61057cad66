"""What was said: recordings, voice messages, captures, and the media files that hold them."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Coalesce, Now, Reverse
from django.db.models.lookups import Exact

from cdrs.models import Call, Leg, owner, plain, stored
from portal.access.querysets import Owned
from portal.clients.models import Extension, ExtensionGroup
from records.columns import SOUGHT_BY, begun, fits_index, utc_day, whole_second
from records.querysets import HeardQuerySet, RecordedQuerySet, TrashedQuerySet


class State(models.TextChoices):
    """`awaiting`: facts without media yet, or media without facts. Only what is `available` is listed by the APIs.

    What was deleted is `trashed` until it is restored or gone; its former state stands in the trash (`Trashed.was`).
    """

    AWAITING = "awaiting"
    AVAILABLE = "available"
    MISSING = "missing"
    BAD = "bad"
    TRASHED = "trashed"


# Neither heard nor in the trash: there is no audio, or there are no facts.
UNHEARD = (State.AWAITING, State.MISSING, State.BAD)


class Heard(Owned):
    """What a recording and a voice message have in common: something that can be played, and what was found in it.

    `size` is the stored original's in bytes, `seconds` its measured duration; both None until there is media.
    `sketch` holds 48 values 0-255 for a list row's little waveform. Raising `generation` ends its storage links.
    """

    group_path = "group_id"
    extension_path = "extension_id"

    uuid = models.UUIDField(default=uuid.uuid4)
    source = models.CharField(max_length=60)
    source_id = models.CharField(max_length=200)
    extension = owner(Extension, null=True)
    group = owner(ExtensionGroup, null=True)
    # The leg's (a message's own) time: what lists are ordered by. None while the facts are not there.
    init_time = models.DateTimeField(null=True)
    file_name = models.TextField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.AWAITING)
    size = models.BigIntegerField(null=True)
    seconds = models.FloatField(null=True)
    findings = ArrayField(models.CharField(max_length=20), default=list)
    sketch = models.BinaryField(null=True, max_length=48)
    transcript = models.TextField(null=True)
    generation = models.PositiveIntegerField(default=1)
    facts_hash = models.BinaryField(max_length=16, null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = HeardQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        abstract = True
        ordering = ["-init_time", "-id"]
        constraints = [
            models.UniqueConstraint("client", "id", name="%(class)s_id_in_client"),
            models.UniqueConstraint("client", "uuid", name="%(class)s_uuid_in_client"),
            models.UniqueConstraint("client", "source", "source_id", name="%(class)s_source_in_client"),
        ]
        indexes = [
            # What retention looks through beside what can be heard: it is little.
            models.Index(
                models.F("client"),
                Coalesce("init_time", "created_at"),
                models.F("id"),
                name="%(class)s_unheard",
                condition=models.Q(state__in=UNHEARD),
            ),
            models.Index(
                models.F("client"),
                models.F("init_time").desc(),
                models.F("id").desc(),
                name="%(class)s_by_time",
                condition=models.Q(state=State.AVAILABLE),
            ),
            models.Index(
                models.F("client"),
                models.F("extension"),
                models.F("init_time").desc(),
                models.F("id").desc(),
                name="%(class)s_by_ext",
                condition=models.Q(state=State.AVAILABLE),
            ),
            models.Index(
                models.F("client"),
                models.F("group"),
                models.F("init_time").desc(),
                models.F("id").desc(),
                name="%(class)s_by_group",
                condition=models.Q(state=State.AVAILABLE),
            ),
        ]


HEARABLE = models.Q(state=State.AVAILABLE)


class Route(models.TextChoices):
    """How a recorded call came about: it came in through a queue, or straight to somebody, or it was made here."""

    QUEUE = "queue"
    DIRECT = "direct"
    OUT = "out"


class Record(Heard):
    """A recording of a leg. Facts and audio may arrive in either order; `*_source_id` wait for a leg not yet here.

    How it is found again by its own beginning and end, by who and what number took part, and by queue: `route` to
    `ended_at` are decided by records.ingest, from its facts, its leg and its call, so that no search reads those.
    `agent` is the one that the facts name, else the extension's number; `outside` the number at the other end;
    `line` the number of ours that was dialled from there.
    """

    called = "recordings"

    leg = owner(Leg, null=True, related_name="records")
    call = owner(Call, null=True, related_name="records")
    leg_source_id = models.CharField(max_length=200, null=True)
    call_source_id = models.CharField(max_length=200, null=True)
    started_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    channels = models.JSONField(null=True, help_text="who speaks on the left and right channel")
    record_transfer = models.BooleanField(default=False)
    codec = models.TextField(null=True)
    summary = models.TextField(null=True)
    sentiment = models.TextField(null=True)
    agent_id = models.TextField(null=True)
    case_id = models.TextField(null=True)
    account_number = models.TextField(null=True)
    transaction_id = models.TextField(null=True)
    ext_var1 = models.TextField(null=True)
    ext_var2 = models.TextField(null=True)
    out_dial_code = models.TextField(null=True)
    wrap_up_code = models.TextField(null=True)
    redactions = models.JSONField(null=True, help_text="muted spans: [{from, to, side}]")
    route = models.CharField(max_length=6, choices=Route, null=True)
    agent = models.TextField(null=True)
    outside = models.TextField(null=True)
    line = models.TextField(null=True)
    queue_id = models.TextField(null=True)
    queue_name = models.TextField(null=True)
    ended_at = models.DateTimeField(null=True)
    began_at = models.GeneratedField(
        expression=whole_second(begun()), output_field=models.DateTimeField(null=True), db_persist=True
    )
    # Whether it began on another UTC day than its call, by which the totals of days count it (records.nth).
    overnight = models.GeneratedField(
        expression=~models.Q(Exact(utc_day(begun()), utc_day(models.F("init_time")))),  # type: ignore[arg-type]
        output_field=models.BooleanField(null=True),
        db_persist=True,
    )

    class Meta(Heard.Meta):
        indexes = [
            *Heard.Meta.indexes,
            models.Index(fields=["client", "began_at", "id"], name="record_by_beginning", condition=HEARABLE),
            models.Index(fields=["client", "ended_at"], name="record_by_end", condition=HEARABLE),
            models.Index(
                fields=["client", "id"], name="record_overnight", condition=HEARABLE & models.Q(overnight=True)
            ),
            models.Index(fields=["client", "route", "began_at", "id"], name="record_by_route", condition=HEARABLE),
            *(
                models.Index(
                    fields=["client", name, "began_at", "id"],
                    name=f"record_by_{name}",
                    condition=HEARABLE & fits_index(name),
                )
                for name in SOUGHT_BY
            ),
            models.Index(fields=["client", "call"], name="record_by_call"),
            models.Index(fields=["client", "leg"], name="record_by_leg"),
            models.Index(
                fields=["client", "source", "leg_source_id"],
                name="record_awaits_leg",
                condition=models.Q(leg__isnull=True, leg_source_id__isnull=False),
            ),
            models.Index(
                fields=["client", "source", "call_source_id"],
                name="record_awaits_call",
                condition=models.Q(call__isnull=True, call_source_id__isnull=False),
            ),
        ]


class RecordedCall(Owned):
    """A call of which something can be heard, as searches compare it: kept where recordings settle (ingest.recorded).

    Numbers are as in Call. `names` are those of everybody who took part (user names, first and last names), in lower
    case, a line feed before, between and behind them. Searches read it through a view of the finder's, since what is
    not leak-proof has no index under row-level security: only who sees the whole client may.
    """

    call = models.OneToOneField(Call, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="recorded")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(help_text="the call's end; where it is unknown, that of its last recording")
    caller_plain_rev = models.TextField()
    called_plain_rev = models.TextField()
    names = models.TextField()

    objects = RecordedQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["started_at", "call_id"]
        indexes = [
            models.Index(fields=["client", "started_at", "call"], name="recorded_by_time"),
            # Whole numbers and last digits; the other one takes long where many numbers begin alike.
            models.Index(
                fields=["client", "caller_plain_rev"],
                name="recorded_caller_rev",
                opclasses=["int8_ops", "text_pattern_ops"],
            ),
            models.Index(
                fields=["client", "called_plain_rev"],
                name="recorded_called_rev",
                opclasses=["int8_ops", "text_pattern_ops"],
            ),
            GinIndex(
                fields=["client", "caller_plain_rev", "called_plain_rev", "names"],
                opclasses=["int8_ops", "gin_trgm_ops", "gin_trgm_ops", "gin_trgm_ops"],
                name="recorded_by_text",
            ),
        ]


class VoiceMessage(Heard):
    """A message left for an extension."""

    called = "voice messages"

    caller_number = models.TextField(null=True)
    caller_name = models.TextField(null=True)
    callerid = models.TextField(null=True)
    dialled = models.TextField(null=True)
    duration = models.IntegerField(null=True, help_text="seconds, as the PBX says")
    folder = models.TextField(null=True)
    is_new = models.BooleanField(default=True)
    live_id = models.BigIntegerField(null=True)
    parent_live_id = models.BigIntegerField(null=True)

    caller_plain_rev = stored(Reverse(plain("caller_number")))
    dialled_plain_rev = stored(Reverse(plain("dialled")))

    class Meta(Heard.Meta):
        indexes = [
            *Heard.Meta.indexes,
            *(
                models.Index(
                    fields=["client", f"{name}_plain_rev"],
                    name=f"voicemessage_{name}_rev",
                    opclasses=["int8_ops", "text_pattern_ops"],
                )
                for name in ("caller", "dialled")
            ),
            # The page lists those that cannot be played too, each with the reason.
            models.Index(
                *(models.F("client"), models.F("init_time").desc(), models.F("id").desc()),
                name="voicemessage_on_page",
                condition=models.Q(init_time__isnull=False),
            ),
        ]


class Capture(Owned):
    """A packet capture of a call or a leg."""

    group_path = "leg__group_id"
    extension_path = "leg__extension_id"

    source = models.CharField(max_length=60)
    source_id = models.CharField(max_length=200)
    call = owner(Call, null=True, related_name="captures")
    leg = owner(Leg, null=True, related_name="captures")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("client", "id", name="capture_id_in_client"),
            models.UniqueConstraint("client", "source", "source_id", name="capture_source_in_client"),
        ]


class Playable(models.TextChoices):
    """Whether a browser can play it: as it is, after a transcode that is wanted, ready, or failed."""

    AS_IS = "as_is"
    WANTED = "wanted"
    READY = "ready"
    FAILED = "failed"


class MediaFile(Owned):
    """One stored file of a recording, a voice message or a capture. `key` names it in storage, nothing else does.

    `playable_key` is its copy as mp3: where browsers need one, and where an address that ends in .mp3 was asked for.
    """

    record = owner(Record, null=True, related_name="media")
    voicemessage = owner(VoiceMessage, null=True, related_name="media")
    capture = owner(Capture, null=True, related_name="media")
    position = models.PositiveSmallIntegerField(default=0)
    key = models.CharField(max_length=120, unique=True)
    content_type = models.CharField(max_length=60)
    size = models.BigIntegerField(help_text="bytes")
    sha256 = models.BinaryField(max_length=32)
    crc32 = models.BigIntegerField()
    container = models.CharField(max_length=20, null=True)
    codec = models.CharField(max_length=20, null=True)
    sample_rate = models.IntegerField(null=True)
    channels = models.PositiveSmallIntegerField(null=True)
    seconds = models.FloatField(null=True, help_text="measured by decoding, not claimed by a header")
    peaks = models.BinaryField(null=True, help_text="portal.media.audio's encoding of both channels")
    started_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    playable = models.CharField(max_length=10, choices=Playable, default=Playable.AS_IS)
    playable_key = models.CharField(max_length=120, null=True)
    playable_size = models.BigIntegerField(null=True)
    playable_tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint("client", "id", name="mediafile_id_in_client"),
            models.CheckConstraint(
                name="mediafile_of_one_thing",
                condition=(
                    models.Q(record__isnull=False, voicemessage__isnull=True, capture__isnull=True)
                    | models.Q(record__isnull=True, voicemessage__isnull=False, capture__isnull=True)
                    | models.Q(record__isnull=True, voicemessage__isnull=True, capture__isnull=False)
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["client", "record"], name="mediafile_by_record"),
            models.Index(
                fields=["client", "voicemessage"],
                name="mediafile_by_message",
                condition=models.Q(voicemessage__isnull=False),
            ),
            models.Index(
                fields=["client", "id"], name="mediafile_to_transcode", condition=models.Q(playable=Playable.WANTED)
            ),
        ]


class DayTotal(Owned):
    """Available recordings (or voice messages) of one client, UTC day of init_time, extension and group, with bytes."""

    class Kind(models.TextChoices):
        RECORD = "record"
        VOICEMESSAGE = "voicemessage"

    called = ""
    group_path = "group_id"
    extension_path = "extension_id"

    kind = models.CharField(max_length=12, choices=Kind)
    day = models.DateField()
    extension = owner(Extension, null=True)
    group = owner(ExtensionGroup, null=True)
    files = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "kind", "day", "extension", "group"], name="total_of_day", nulls_distinct=False
            )
        ]


class Deletion(Owned):
    """One deed: who moved what to the trash, when, by which way in, and from when on it goes for good.

    It lives as long as something of it is in the trash. `hides`: its rows are hidden by the trash alone, a worker has
    still to mark them, and has come as far as `position` (an id of Trashed). `restoring`: a worker brings them back.
    """

    class Via(models.TextChoices):
        API = "api", "API"
        PORTAL = "portal", "portal"
        OPERATIONS = "operations", "operations"
        RETENTION = "retention", "retention"

    kind = models.CharField(max_length=12, choices=DayTotal.Kind)
    at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="when removal may begin")
    # Plain numbers and a name: who deleted something stays named when the user or the application has gone.
    user_id = models.BigIntegerField(null=True)
    application_id = models.BigIntegerField(null=True)
    by = models.TextField()
    via = models.CharField(max_length=10, choices=Via)
    files = models.BigIntegerField(default=0, help_text="how many it took")
    bytes = models.BigIntegerField(default=0)
    hides = models.BooleanField(default=False)
    restoring = models.BooleanField(default=False)
    certificate = models.UUIDField(null=True, help_text="which will name what goes by it; null: none does")
    held: int = 0  # how many a hold kept from it; known to who deletes, not stored
    position = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint("client", "id", name="deletion_id_in_client")]
        indexes = [
            models.Index(fields=["client", "kind"], name="deletion_hides", condition=models.Q(hides=True)),
            models.Index(fields=["client", "due_at"], name="deletion_by_due"),
        ]


class Trashed(Owned):
    """A recording or a voice message in the trash. Once it is `removing`, its audio goes and nothing brings it back.

    It refers to its row without a foreign key: 100,000 checks of one take as long as all else of a large deletion.
    """

    deletion = owner(Deletion, related_name="items")
    record = owner(Record, null=True, related_name="trashed")
    voicemessage = owner(VoiceMessage, null=True, related_name="trashed")
    at = models.DateTimeField(db_default=Now())
    was = models.CharField(max_length=10, choices=State)
    removing = models.BooleanField(default=False)
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, help_text="when a worker tries again to remove it")
    error = models.TextField(null=True, help_text="why the last try failed")

    objects = TrashedQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name, verbose_name_plural = "deleted thing", "trash"
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint("client", "record", name="trashed_once", condition=models.Q(record__isnull=False)),
            models.UniqueConstraint(
                "client", "voicemessage", name="trashed_message_once", condition=models.Q(voicemessage__isnull=False)
            ),
            models.CheckConstraint(
                name="trashed_one_thing",
                condition=models.Q(record__isnull=False, voicemessage__isnull=True)
                | models.Q(record__isnull=True, voicemessage__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["client", "deletion", "id"], name="trashed_by_deletion"),
            models.Index(models.F("client"), models.F("at").desc(), models.F("id").desc(), name="trashed_by_time"),
            models.Index(fields=["client", "next_at"], name="trashed_removing", condition=models.Q(removing=True)),
        ]

    @property
    def heard(self) -> Heard:
        """The row that it stands for."""
        return self.record or self.voicemessage

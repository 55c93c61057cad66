"""Archives: what was asked for, how far a worker is with it, what is in it, and what of it has been delivered."""

from __future__ import annotations

from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from cdrs.models import owner
from portal.access.querysets import Owned
from portal.clients.models import Extension
from records.models import Record, VoiceMessage


class State(models.TextChoices):
    """asked -> sealing -> ready, then an end. `erased`: something in it was erased after sealing."""

    ASKED = "asked"
    SEALING = "sealing"
    READY = "ready"
    EXPIRED = "expired"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ERASED = "erased"


# While it is one of these its members are pinned: their objects stay, whatever is deleted (archives.pins).
PINNING = (State.SEALING, State.READY)
WORKED_AT = (State.ASKED, State.SEALING)
ENDED = (State.EXPIRED, State.FAILED, State.CANCELLED, State.ERASED)


class Step(models.TextChoices):
    """What a worker does next while it is asked for or sealed (archives.sealing)."""

    FREEZE = "freeze"
    CHECK = "check"
    SEAL = "seal"
    UPLOAD = "upload"
    DONE = "done"


class Kind(models.TextChoices):
    """By what its records are chosen (archives.selection)."""

    PERIOD = "period"
    PERSON = "person"


class Archive(Owned):
    """One zip: part `part` of the `parts` of a request. Who asked stays named when the user or application has gone.

    A period is [starts_at, ends_at], both ends included; of a request in several parts each has the places
    (init_time, id) that its own rows lie behind (`after_*`) and up to (`upto_*`). `number` is a person's, as searches
    compare it (letters and digits from the end on). Groups and extensions see what was made of one extension of theirs.

    `addresses` are mailed what has become of it (archives.telling).

    `files` and `bytes` are those chosen, counted when it is asked for and exact once it is frozen; `…_done` those
    checked. `size` is the zip's own; it has `entries` files, their data come first and then the directory; `etag` is a
    SHA-256 over its layout. `spans` are the bytes delivered so far, merged. `due_at` is when a worker is to look at it
    again, whatever its state: to begin, to take it from a worker that died, to try again, to end it. Raising
    `generation` ends its link.
    """

    group_path = "extension__group_id"
    extension_path = "extension_id"

    uuid = models.UUIDField(default=uuid4)
    request = models.UUIDField(default=uuid4)
    part = models.PositiveSmallIntegerField(default=1)
    parts = models.PositiveSmallIntegerField(default=1)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PERIOD)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    extension = owner(Extension, null=True)
    after_time = models.DateTimeField(null=True)
    after_id = models.BigIntegerField(null=True)
    upto_time = models.DateTimeField(null=True)
    upto_id = models.BigIntegerField(null=True)
    number = models.TextField(null=True)
    asked_at = models.DateTimeField(default=timezone.now)
    user_id = models.BigIntegerField(null=True)
    application_id = models.BigIntegerField(null=True)
    asked_by = models.TextField()
    addresses = ArrayField(models.TextField(), default=list)

    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    step = models.CharField(max_length=10, choices=Step, default=Step.FREEZE)
    files = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    files_done = models.BigIntegerField(default=0)
    bytes_done = models.BigIntegerField(default=0)
    missing = models.BigIntegerField(default=0, help_text="how many of the files are told of in MISSING.txt")
    due_at = models.DateTimeField(null=True, default=timezone.now)
    worker = models.UUIDField(null=True, help_text="whose it is until due_at")
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(null=True, help_text="why the last try failed, or why it ended")

    frozen_at = models.DateTimeField(null=True)
    sealed_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    size = models.BigIntegerField(null=True)
    entries = models.BigIntegerField(null=True)
    data_size = models.BigIntegerField(null=True)
    directory_size = models.BigIntegerField(null=True)
    etag = models.CharField(max_length=64, null=True)
    generation = models.PositiveIntegerField(default=1)
    spans = models.JSONField(default=list)
    downloaded_at = models.DateTimeField(null=True, help_text="when its last byte was delivered for the first time")

    # Where storage is S3: the zip as one object, while it is uploaded and then.
    key = models.CharField(max_length=120, null=True)
    upload = models.TextField(null=True, help_text="S3's name of an unfinished upload")
    upload_parts = ArrayField(models.TextField(), default=list, help_text="ETags of the parts that are there")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint("client", "id", name="archive_id_in_client"),
            models.UniqueConstraint("client", "uuid", name="archive_uuid_in_client"),
            models.UniqueConstraint("client", "request", "part", name="archive_part_of_request"),
        ]
        indexes = [
            models.Index(fields=["client", "due_at"], name="archive_due", condition=models.Q(due_at__isnull=False)),
            models.Index(fields=["client", "state"], name="archive_by_state"),
        ]

    def __str__(self) -> str:
        return f"archive {self.uuid}"

    @property
    def percent(self) -> int:
        """How far a worker is with it; 100 once its link works."""
        if self.state not in WORKED_AT and self.sealed_at is not None:
            return 100
        return min(99, 100 * self.bytes_done // self.bytes) if self.bytes else 0


class ArchiveMember(Owned):
    """A file of the zip, in its order: an audio file of a record, or one of the archive's own documents.

    `at` is the time it bears. `facts` are the record's when it was frozen, as JSON text; they go when the link ends.
    `missing` says why there are no bytes of it. It refers to its archive, record or voice message without a foreign
    key: 100,000 checks of one take as long as all else.
    """

    archive = owner(Archive, related_name="members")
    position = models.IntegerField()
    record = owner(Record, null=True, related_name="archived")
    voicemessage = owner(VoiceMessage, null=True, related_name="archived")
    at = models.DateTimeField()
    name = models.TextField()
    key = models.CharField(max_length=120, null=True)
    size = models.BigIntegerField(default=0)
    crc32 = models.BigIntegerField(default=0)
    sha256 = models.BinaryField(max_length=32, null=True)
    facts = models.TextField(null=True)
    missing = models.TextField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint("client", "archive", "position", name="member_at_position"),
        ]
        indexes = [
            models.Index(
                fields=["client", "record"], name="member_by_record", condition=models.Q(record__isnull=False)
            ),
            models.Index(
                fields=["client", "voicemessage"],
                name="member_by_message",
                condition=models.Q(voicemessage__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ArchiveMark(Owned):
    """Where a member begins in the zip, and its entry in the directory: of one in so many, to find the rest by.

    `entry` counts from the directory's own beginning.
    """

    archive = owner(Archive, related_name="marks")
    position = models.IntegerField()
    offset = models.BigIntegerField()
    entry = models.BigIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint("client", "archive", "position", name="mark_at_position"),
        ]

    def __str__(self) -> str:
        return f"{self.position} at {self.offset}"

"""Audio by HTTP: streamed to storage, checked, decoded, recorded with its facts in one transaction, or not at all."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain
from threading import Event, Thread
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from rest_framework import status

from cdrs.facts import source_key, source_name
from cdrs.ingest import Ingested, Outcome
from cdrs.ingest.names import taken_by_another
from cdrs.reading import BadFact, clean
from portal.access.isolation import scope
from portal.intake import quarantine
from portal.intake.accept import accept
from portal.intake.errors import Refused, bad_request
from portal.intake.streaming import announced_length
from portal.intake.told import READERS, LineResult
from portal.media import arrival, decoder
from portal.media.content_digest import MalformedDigest, parse_content_digest
from portal.media.facts import Inspection, Undecodable
from portal.media.keys import new_key, suffix_of
from portal.media.storage import local_copy
from portal.media.uploads import UploadSwept
from records.ingest import HELD, ArrivedMedia, attach_media
from records.models import Record, VoiceMessage
from records.playback import remove

log = logging.getLogger(__name__)
# What is left of a refused body is read up to here, so that the sender hears the answer instead of a broken pipe.
# Not for longer than this, though: one who has nothing more to say would wait for the answer, and we for him.
DRAINED = 1024 * 1024
DRAIN_SECONDS = 2.0
CODES = {
    arrival.TooLarge: status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    arrival.LengthRequired: status.HTTP_411_LENGTH_REQUIRED,
}
ROWS = {"recording": Record, "voicemessage": VoiceMessage}
# The first bytes of what decoders know; the suffix only names the file, decoding decides what it is.
SIGNATURES = (
    *((b"RIFF", "wav"), (b"RF64", "wav"), (b"ID3", "mp3"), (b"OggS", "ogg"), (b"fLaC", "flac"), (b"FORM", "aiff")),
)
X_FACTS = "X-Facts"
NAMES: dict[str, Callable[[Any], str]] = {"source": source_name, "source_id": source_key}


class UnderHold(Refused):
    """Other audio for what a legal hold keeps as it is."""


class TooMuch(Refused):
    """A body so large that reading what is left of it helps nobody."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """Audio on its way: whose, which kind of thing, its address, and the X-Facts header as it came."""

    client_id: int
    kind: str
    source: str
    source_id: str
    x_facts: str | None


def take_in(arriving: Arriving, request: HttpRequest) -> dict[str, Any]:
    """Store the body of a request as the audio of a thing; what to answer. Refused, with nothing of it stored.

    Media that no decoder knows is refused with 415 and kept in quarantine.
    """
    with draining(request):
        arriving = named(arriving)
        refuse_too_large(request)
        facts = facts_of(arriving)
        refuse_taken(arriving)
        stored = received(arriving, request, facts)
    try:
        media = ArrivedMedia(stored, inspected(stored.key))
        return recorded(arriving, facts, media)
    except Undecodable as error:
        names = (arriving.client_id, arriving.kind, arriving.source, arriving.source_id)
        quarantine.put_aside(*names, stored, str(error))
        raise Refused(
            status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, f"kept in quarantine: {error}", arrival.ArrivalError.field
        ) from None
    except OSError as error:
        remove(stored.key)
        raise storage_out(arriving) from error
    except Exception:
        remove(stored.key)
        raise


def named(arriving: Arriving) -> Arriving:
    """With the names of the address as they are stored. Refused where they are none."""
    names: dict[str, str] = {}
    for name, reader in NAMES.items():
        try:
            names[name] = reader(getattr(arriving, name))
        except BadFact as error:
            raise bad_request(error.message, name) from None
    return replace(arriving, source=names["source"], source_id=names["source_id"])


def refuse_too_large(request: HttpRequest) -> None:
    """By what is announced, before a byte of it is waited for."""
    limit = settings.MEDIA_MAX_BYTES
    if (announced_length(request) or 0) > limit:
        raise TooMuch(status.HTTP_413_REQUEST_ENTITY_TOO_LARGE, f"more than {limit} bytes", arrival.TooLarge.field)


def facts_of(arriving: Arriving) -> dict[str, Any] | None:
    """The facts in X-Facts, source and source_id from the address; None where there are none."""
    if arriving.x_facts is None:
        return None
    try:
        facts = orjson.loads(arriving.x_facts)
    except orjson.JSONDecodeError:
        raise bad_request("an object in JSON is needed, in ASCII", X_FACTS) from None
    if not isinstance(facts, dict):
        raise bad_request("an object is needed", X_FACTS)
    for name in NAMES:
        told = facts.setdefault(name, getattr(arriving, name))
        if not isinstance(told, str) or clean(told) != getattr(arriving, name):
            raise bad_request("the address says otherwise", name)
    try:
        READERS[arriving.kind](facts)
    except BadFact as error:
        raise bad_request(str(error), error.field or X_FACTS) from None
    return facts


def refuse_taken(arriving: Arriving) -> None:
    """An early look, before gigabytes are sent; the one that counts is made when the audio is recorded."""
    with scope(arriving.client_id):
        taken = taken_by_another(arriving.client_id, arriving.kind, arriving.source, [arriving.source_id])
    if taken:
        raise Refused(status.HTTP_409_CONFLICT, f"source_id: it belongs to a {taken[arriving.source_id]}", "source_id")


def received(arriving: Arriving, request: HttpRequest, facts: dict[str, Any] | None) -> arrival.Stored:
    """The body in storage, durable and owned by nobody yet. Refused."""
    try:
        digest = parse_content_digest(request.headers.get("Content-Digest"))
        chunks, length = arrival.request_body(request)
        first = first_of(chunks)
        return arrival.receive(
            chain([first], chunks),
            key=new_key(arriving.client_id, timezone.now(), suffix_by(first, facts)),
            max_bytes=settings.MEDIA_MAX_BYTES,
            expected_length=length,
            digest=digest,
        )
    except MalformedDigest as error:
        raise bad_request(str(error), error.field) from None
    except arrival.ArrivalError as error:
        code = CODES.get(type(error), status.HTTP_400_BAD_REQUEST)
        raise Refused(code, str(error), error.field) from None
    except OSError as error:
        raise storage_out(arriving) from error


def storage_out(arriving: Arriving) -> Refused:
    log.exception("storage did not take audio of client %d", arriving.client_id)
    return Refused(status.HTTP_503_SERVICE_UNAVAILABLE, "storage is out: send it again later")


def first_of(chunks: Iterator[bytes]) -> bytes:
    try:
        return next(chunks, b"")
    except (OSError, EOFError) as error:
        raise arrival.CutBody("the connection ended") from error


def suffix_by(first: bytes, facts: dict[str, Any] | None) -> str:
    """A suffix for the key, by the first bytes, else by the file name in the facts."""
    for signature, suffix in SIGNATURES:
        if first.startswith(signature):
            return suffix
    if len(first) > 1 and first[0] == 0xFF and first[1] & 0xE0 == 0xE0:
        return "mp3"
    return suffix_of(str((facts or {}).get("file_name") or ""))


def inspected(key: str) -> Inspection:
    with local_copy(key) as path:
        return decoder.inspect(path)


def recorded(arriving: Arriving, facts: dict[str, Any] | None, media: ArrivedMedia) -> dict[str, Any]:
    """Facts and audio in one transaction: both, or neither."""
    client_id, names = arriving.client_id, (arriving.source, arriving.source_id)
    try:
        with scope(client_id):
            outcomes = [] if facts is None else [told(accept(client_id, arriving.kind, [facts])[0])]
            outcomes.append(attached(attach_media(client_id, arriving.kind, *names, media)))
            rows = ROWS[arriving.kind].objects.filter(client_id=client_id, source=names[0], source_id=names[1])
            row = rows.values("uuid", "state", "size", "seconds", "findings").first()
    except UploadSwept as error:
        raise Refused(status.HTTP_503_SERVICE_UNAVAILABLE, "it took too long: send it again") from error
    answer = {"status": overall(outcomes), "source": names[0], "source_id": names[1]}
    return answer | {"sha256": media.stored.sha256.hex()} | (row or {})


def told(result: LineResult) -> Outcome:
    if result.status is Outcome.REJECTED:
        code = status.HTTP_409_CONFLICT if result.conflict else status.HTTP_400_BAD_REQUEST
        raise Refused(code, result.error or "", result.field or X_FACTS)
    return result.status


def attached(result: Ingested) -> Outcome:
    if result.conflict is not None:
        error = result.conflict
        kind = UnderHold if result is HELD else Refused
        raise kind(status.HTTP_409_CONFLICT, f"{error.field}: {error.message}", error.field)
    return result.outcome


def overall(outcomes: list[Outcome]) -> Outcome:
    """`created` when the audio is new, `updated` when it or its facts changed."""
    if outcomes[-1] is Outcome.CREATED:
        return Outcome.CREATED
    changed = {Outcome.CREATED, Outcome.UPDATED}.intersection(outcomes)
    return Outcome.UPDATED if changed else Outcome.UNCHANGED


@contextmanager
def draining(request: HttpRequest) -> Iterator[None]:
    """Read on after a refusal: a sender that is still writing would see a broken pipe instead of the answer."""
    try:
        yield
    except TooMuch:
        raise
    except Refused:
        over = Event()
        # A read from the server cannot be given up; one that hangs in a thread of its own ends with the connection.
        reader = Thread(target=read_on, args=(request, over), daemon=True)
        reader.start()
        reader.join(DRAIN_SECONDS)
        over.set()
        raise


def read_on(request: HttpRequest, over: Event) -> None:
    """What is left of a body, up to DRAINED bytes, until it is `over`."""
    with suppress(Exception):
        chunks, _ = arrival.request_body(request)
        left = DRAINED
        while left > 0 and not over.is_set() and (chunk := next(chunks, b"")):
            left -= len(chunk)

"""The metadata of a recording as it is posted, and the facts that it becomes."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, uuid5

from cdrs.reading import OUT_OF_TIME, BadFact, Reader, fact, is_likely, many, object_of_json, one_of, read_facts, text
from portal.dialects.gws import params
from portal.dialects.gws.fields import ID, MEDIA_ID, SOURCE, source_id_of
from portal.intake import drop
from portal.intake.spool import Unreachable

Told = TypeVar("Told")
Facts = dict[str, Any]


def matching(pattern: re.Pattern[str], needed: str) -> Reader:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise BadFact("", needed)
        return value

    return read


def moment(value: Any) -> datetime:
    """As in a search; milliseconds may be a number here."""
    try:
        at = params.moment([str(value)])
    except ValueError as error:
        raise BadFact("", str(error)) from None
    if not is_likely(at):
        raise BadFact("", OUT_OF_TIME)
    return at


def center(value: Any) -> str:
    return text(str(value) if isinstance(value, int) and not isinstance(value, bool) else value)


def part(kind: type[Told]) -> Reader:
    """An object of which only what is known here counts: recorders say more than that."""

    def read(value: Any) -> Told:
        if not isinstance(value, Mapping):
            raise BadFact("", "an object is needed")
        names = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
        return read_facts(kind, {name: said for name, said in value.items() if name in names})

    return read


@dataclass(frozen=True)
class Contact:
    type: str = fact(one_of("User", "External"))
    phoneNumber: str | None = fact(text, None)
    userName: str | None = fact(text, None)
    firstName: str | None = fact(text, None)
    lastName: str | None = fact(text, None)


@dataclass(frozen=True)
class Event:
    occurredAt: datetime = fact(moment)
    contact: Contact = fact(part(Contact))
    event: str = fact(one_of("Joined", "Left"))

    @property
    def facts(self) -> Facts:
        contact = self.contact
        return known(
            occurred_at=self.occurredAt.isoformat(),
            type=contact.type,
            event=self.event,
            phone_number=contact.phoneNumber,
            user_name=contact.userName,
            first_name=contact.firstName,
            last_name=contact.lastName,
        )


@dataclass(frozen=True)
class MediaDescriptor:
    storage: str = fact(one_of("awsS3", "webDAV"))
    path: str = fact(text)


@dataclass(frozen=True)
class MediaFile:
    startTime: datetime | None = fact(moment, None)
    stopTime: datetime | None = fact(moment, None)
    callUUID: str | None = fact(text, None)
    mediaId: str | None = fact(matching(MEDIA_ID, "letters, digits and . _ - @ + = : are needed"), None)
    mediaDescriptor: MediaDescriptor | None = fact(part(MediaDescriptor), None)
    parameters: dict[str, Any] | None = fact(object_of_json, None)

    @property
    def agent(self) -> str | None:
        agent = (self.parameters or {}).get("agentId")
        return agent if isinstance(agent, str) and agent.strip() else None


@dataclass(frozen=True)
class Metadata:
    id: str = fact(matching(ID, "at most 100 letters, digits and . _ - @ + = : are needed, and not dots alone"))
    ccid: str = fact(center)
    region: str = fact(text)
    callerPhoneNumber: str | None = fact(text, None)
    dialedPhoneNumber: str | None = fact(text, None)
    startTime: datetime | None = fact(moment, None)
    stopTime: datetime | None = fact(moment, None)
    mediaFiles: tuple[MediaFile, ...] = fact(many(part(MediaFile), 100), ())
    eventHistory: tuple[Event, ...] = fact(many(part(Event)), ())

    @property
    def began(self) -> datetime:
        """When the call began: as it says, else with its first media file."""
        times = [self.startTime] if self.startTime else [file.startTime for file in self.mediaFiles if file.startTime]
        if not times:
            raise BadFact("startTime", "is missing")
        return min(times)

    @property
    def direction(self) -> str:
        """Out, where one of our users called."""
        ours = {event.contact.phoneNumber for event in self.eventHistory if event.contact.type == "User"} - {None}
        if self.callerPhoneNumber not in ours:
            return "in"
        return "internal" if self.dialedPhoneNumber in ours else "out"


@dataclass(frozen=True, slots=True)
class Medium:
    """A media file: the facts of its recording, and where it lies in the client's folder."""

    facts: Facts
    path: str | None


def read(value: Any) -> Metadata:
    """Raises BadFact that names the attribute."""
    told: Metadata = part(Metadata)(value)
    must_follow(told.began, told.stopTime, "stopTime")
    for place, file in enumerate(told.mediaFiles):
        must_follow(file.startTime, file.stopTime, f"mediaFiles.{place}.stopTime")
    ids = [media_id for media_id, _ in media_ids(told)]
    if len(set(ids)) < len(ids):
        raise BadFact("mediaFiles", "two media files have the same mediaId")
    return told


def must_follow(start: datetime | None, stop: datetime | None, name: str) -> None:
    if start and stop and stop < start:
        raise BadFact(name, "is before startTime")


def call_facts(told: Metadata) -> Facts:
    return known(
        source=SOURCE,
        source_id=told.id,
        direction=told.direction,
        started_at=told.began.isoformat(),
        ended_at=told.stopTime and told.stopTime.isoformat(),
        caller=known(number=told.callerPhoneNumber) or None,
        called=known(number=told.dialedPhoneNumber) or None,
        region=told.region,
        participants=[event.facts for event in told.eventHistory],
        metadata={
            SOURCE: {
                media_id: known(callUUID=file.callUUID, parameters=file.parameters)
                for media_id, file in media_ids(told)
            }
        },
    )


def media(client_id: int, told: Metadata) -> Iterator[Medium]:
    """Raises BadFact where a path leads out of the client's folder."""
    for place, (media_id, file) in enumerate(media_ids(told)):
        facts = known(
            source=SOURCE,
            source_id=source_id_of(told.id, media_id),
            call=told.id,
            started_at=file.startTime and file.startTime.isoformat(),
            stopped_at=file.stopTime and file.stopTime.isoformat(),
            agent_id=file.agent,
        )
        try:
            path = drop.within(client_id, file.mediaDescriptor.path) if file.mediaDescriptor else None
        except Unreachable as error:
            raise BadFact(f"mediaFiles.{place}.mediaDescriptor.path", str(error)) from None
        yield Medium(facts, path)


def media_ids(told: Metadata) -> list[tuple[str, MediaFile]]:
    """Each media file with its id; one that has none gets the same each time that it is told."""
    return [(file.mediaId or made_up(told.id, place, file), file) for place, file in enumerate(told.mediaFiles)]


def made_up(recording_id: str, place: int, file: MediaFile) -> str:
    named = file.mediaDescriptor.path if file.mediaDescriptor else str(place)
    return str(uuid5(NAMESPACE_URL, f"{recording_id}/{named}"))


def known(**facts: Any) -> Facts:
    return {name: value for name, value in facts.items() if value is not None}

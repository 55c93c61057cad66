"""Three weeks in the life of two clients, as facts for the way in.

A day is drawn from a generator seeded with the client and the date, so a day tells the same calls whenever it is told,
and what has not ended by `until` has not happened yet. Files are named relative to `audio.AUDIO_DIR`.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from portal.local.demo.audio import Message, messages
from portal.local.demo.cast import CLIENTS, Client
from portal.local.demo.scenes import SCENES, Desk, voicemail_in
from portal.local.demo.telling import Facts, Telling

DAYS = 21
# Calls by the hour of the day, in the client's own time: two humps and a lunch.
WORKDAY = {8: 3, 9: 8, 10: 10, 11: 9, 12: 4, 13: 5, 14: 8, 15: 9, 16: 7, 17: 4, 18: 1}
WEEKEND = {10: 4, 11: 5, 12: 4, 13: 4, 14: 3, 15: 2}
EVENING = {18: 3, 19: 4, 20: 3, 21: 1}  # when voice messages are left
SPREAD = 0.12  # how much busier or quieter than usual a day may be


@dataclass(frozen=True)
class Chapter:
    """One call that has happened, and the voice message left in it, if any."""

    telling: Telling
    voicemessage: Facts | None = None


def calls(client: str, until: datetime) -> Iterator[Facts]:
    """The calls of `client` ("north" or "south") in the three weeks before `until`, oldest day first.

    Each is `{"call": facts with legs and participants, "recordings": [facts + "file"]}`. `until` must know its offset.
    """
    for chapter in chapters(client, until):
        yield {"call": chapter.telling.facts(), "recordings": chapter.telling.recordings}


def events(client: str, until: datetime) -> Iterator[Facts]:
    """What happened while those calls lived: ringing, answered, hold, resumed, transferred, ended; call by call."""
    for chapter in chapters(client, until):
        yield from sorted(chapter.telling.events, key=lambda event: datetime.fromisoformat(event["at"]))


def voicemessages(client: str, until: datetime) -> Iterator[Facts]:
    """The voice messages left in those calls: facts + "file". Those of the last week are still new."""
    for chapter in chapters(client, until):
        if chapter.voicemessage:
            fresh = chapter.telling.at > until - timedelta(days=7)
            yield chapter.voicemessage | {"folder": "INBOX" if fresh else "Old", "is_new": fresh}


def chapters(client: str, until: datetime) -> Iterator[Chapter]:
    """Every call that ended in the three weeks before `until`. KeyError for a client that is not in the cast."""
    if until.tzinfo is None:
        raise ValueError("until needs an offset: a time without one means another moment in each time zone")
    cast = CLIENTS[client]
    last = until.astimezone(cast.zone).date()
    for days_ago in reversed(range(DAYS + 1)):
        left = _message_of_day(cast, days_ago)
        for chapter in _day(cast, last - timedelta(days=days_ago), left):
            ended = chapter.telling.ended_at or chapter.telling.at
            if until - timedelta(days=DAYS) <= chapter.telling.at and ended <= until:
                yield chapter


def _message_of_day(client: Client, days_ago: int) -> Message | None:
    """The client's voice messages, one an evening, spread over the weeks with the last one yesterday."""
    own = [message for message in messages() if message.client == client.slug]
    evenings = {1 + position * (DAYS - 2) // len(own): message for position, message in enumerate(own)}
    return evenings.get(days_ago)


def _day(client: Client, day: date, left: Message | None) -> Iterator[Chapter]:
    draw = random.Random(f"{client.slug} {day}")  # noqa: S311 - a story, not a secret
    usual = client.week[day.weekday()]
    count = max(1, round(usual * draw.uniform(1 - SPREAD, 1 + SPREAD)))
    hours = WORKDAY if day.weekday() < 5 else WEEKEND
    starts = sorted(_moment(client, day, hours, draw) for _ in range(count))
    evening = _moment(client, day, EVENING, draw)
    desk = Desk(client, draw)
    for number, (at, scene) in enumerate(
        zip(starts, draw.choices(list(SCENES), list(SCENES.values()), k=count), strict=True)
    ):
        yield Chapter(scene(desk, at, f"{client.slug}-{day:%Y%m%d}-{number + 1:03}"))
    if left:
        yield Chapter(*voicemail_in(desk, evening, f"{client.slug}-{day:%Y%m%d}-v", left))


def _moment(client: Client, day: date, hours: dict[int, int], draw: random.Random) -> datetime:
    """A moment of that day in the client's own time, in UTC with milliseconds."""
    hour = draw.choices(list(hours), list(hours.values()))[0]
    local = datetime.combine(day, time(hour, draw.randrange(60), draw.randrange(60)), client.zone)
    return local.astimezone(UTC) + timedelta(milliseconds=draw.randrange(1_000))

"""Write down one call of the demo as facts: its legs, who joined and left, its recordings, what happened live.

The words are those of the contract's facts; unknown is absent, times are RFC 3339 in the client's own offset.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from portal.local.demo.audio import Dialogue
from portal.local.demo.cast import Client, Extension, Party

SOURCE = "demo"
TRUNK = "trunk.example"
Facts = dict[str, Any]


def known(**facts: Any) -> Facts:
    """The facts that are known: None is left out."""
    return {name: value for name, value in facts.items() if value is not None}


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def whole(start: datetime, end: datetime) -> int:
    """Whole seconds between two times, as a PBX counts them: the fraction is dropped."""
    return int((end - start).total_seconds())


@dataclass
class Telling:
    """One call while it is being told; `at` is when it began (UTC)."""

    client: Client
    source_id: str
    at: datetime
    direction: str  # in | out | internal
    caller: Party
    called: Party
    did: str | None = None
    queue: Extension | None = None
    legs: list[Facts] = field(default_factory=list)
    participants: list[Facts] = field(default_factory=list)
    recordings: list[Facts] = field(default_factory=list)
    events: list[Facts] = field(default_factory=list)
    answered_at: datetime | None = None
    ended_at: datetime | None = None

    def stamp(self, at: datetime) -> str:
        """RFC 3339 with the client's offset, in milliseconds."""
        return at.astimezone(self.client.zone).isoformat(timespec="milliseconds")

    def leg(
        self,
        extension: Extension,
        *,
        flow: str,
        init: datetime,
        ring: float,
        talk: float | None = None,
        result: str,
        cause: str = "NORMAL_CLEARING",
        disposition: str = "",
        **more: Any,
    ) -> Facts:
        """Add one extension's part: it rings `ring` seconds and, where answered, talks `talk` seconds."""
        start = None if talk is None else init + seconds(ring)
        hangup = init + seconds(ring + (talk or 0))
        facts = known(
            source_id=f"{self.source_id}-{len(self.legs) + 1}",
            extension=extension.number,
            flow=flow,
            init_time=self.stamp(init),
            start_time=start and self.stamp(start),
            hangup_time=self.stamp(hangup),
            duration=whole(init, hangup),
            billsec=whole(start, hangup) if start else 0,
            result=result,
            hangup_cause=cause,
            hangup_disposition=disposition,
            **self._ends(extension, flow),
            **more,
        )
        self.legs.append(facts)
        self.ended_at = max(self.ended_at or hangup, hangup)
        if start and not self.answered_at and result != "voicemail":  # a machine is not an answer
            self.answered_at = start
        return facts

    def _ends(self, extension: Extension, flow: str) -> Facts:
        """Who rang whom, from this leg's point of view."""
        inside = self.client.domain
        origin = inside if self.direction in ("out", "internal") else TRUNK
        target = TRUNK if self.direction == "out" else inside
        dest = self.called.number if flow == "out" else extension.number
        return {
            "from_username": self.caller.number,
            "from_domain": origin,
            "from_screen_name": self.caller.name,
            "to_username": self.did or self.called.number,
            "to_domain": target,
            "source_number": self.caller.number,
            "source_domain": origin,
            "dest_number": dest,
            "dest_domain": target,
            "did_number": self.did,
            "did_domain": self.did and inside,
            "ani_number": self.did,
            "application": "callcenter" if self.queue else None,
            "context": {"in": "from-pstn", "out": "to-pstn", "internal": "internal"}[self.direction],
            "clid": f'"{self.caller.name or ""}" <{self.caller.number}>',
            "src_name": self.caller.name,
            "dst_name": self.called.name if flow == "out" else extension.name,
            "src_codec": "PCMA" if self.direction == "in" else "OPUS",
            "dst_codec": "PCMA" if self.direction == "out" else "OPUS",
        }

    def record(self, leg: Facts, dialogue: Dialogue, start: datetime, other: str, **more: Any) -> None:
        """Add the recording of an answered leg; `other` is the number its file is named after."""
        stop = start + seconds(dialogue.seconds)
        suffix = dialogue.file.rpartition(".")[2]
        flow = "out" if leg["flow"] == "out" else "in"
        self.recordings.append(
            known(
                source=SOURCE,
                source_id=f"{leg['source_id']}-r",
                leg=leg["source_id"],
                call=self.source_id,
                file_name=f"{start:%Y-%m-%d-%H-%M-%S}-UTC_{flow}_{other.lstrip('+')}_{leg['extension']}.{suffix}",
                started_at=self.stamp(start),
                stopped_at=self.stamp(stop),
                channels=self._channels(dialogue),
                transcript=dialogue.transcript(*self._names()),
                summary=dialogue.summary,
                sentiment=dialogue.sentiment,
                file=dialogue.file,
                **more,
            )
        )
        for hold in dialogue.holds:
            self.event("hold", start + seconds(hold.start), leg["extension"], side="agent")
            self.event("resumed", start + seconds(hold.end), leg["extension"], side="agent")

    def _names(self) -> tuple[str, str]:
        if self.direction == "internal":
            return self.caller.name or self.caller.number, self.called.name or self.called.number
        return "Customer", "Agent"

    def _channels(self, dialogue: Dialogue) -> Facts | None:
        if dialogue.channels == 1:
            return None
        left, right = self._names() if self.direction == "internal" else ("customer", "agent")
        return {"left": left, "right": right}

    def event(self, event: str, at: datetime, extension: str | None = None, side: str | None = None) -> None:
        """Add one live event."""
        self.events.append(
            known(
                source=SOURCE,
                source_id=f"{self.source_id}-e{len(self.events) + 1}",
                call=self.source_id,
                event=event,
                at=self.stamp(at),
                extension=extension,
                side=side,
            )
        )

    def moves(self, event: str, at: datetime, who: Party | Extension) -> None:
        """Somebody `Joined` or `Left`: an extension is a User, anyone else External."""
        if isinstance(who, Extension):
            first, _, last = who.name.partition(" ")
            about = known(type="User", user_name=who.number, first_name=first, last_name=last)
        else:
            about = known(type="External", phone_number=who.number, user_name=who.name)
        self.participants.append({"occurred_at": self.stamp(at), **about, "event": event})

    def facts(self) -> Facts:
        """The call as the way in takes it, its legs inside."""
        return known(
            source=SOURCE,
            source_id=self.source_id,
            direction=self.direction,
            started_at=self.stamp(self.at),
            answered_at=self.answered_at and self.stamp(self.answered_at),
            ended_at=self.ended_at and self.stamp(self.ended_at),
            caller=known(number=self.caller.number, name=self.caller.name),
            called=known(number=self.called.number, name=self.called.name),
            did=self.did,
            queue=self.queue and {"id": self.queue.number, "name": self.queue.name},
            region=self.client.region,
            legs=self.legs,
            participants=sorted(self.participants, key=lambda one: datetime.fromisoformat(one["occurred_at"])),
        )

"""The kinds of call there are, each told by one function: answered, through a queue, put through, missed, busy …

A scene takes the day's `Desk` (who is free), the time and an id, and returns a `Telling`. Which scene is played how
often stands in `SCENES`.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from portal.local.demo.audio import Dialogue, Message, dialogues
from portal.local.demo.cast import Client, Customer, Extension, Group, customers
from portal.local.demo.telling import SOURCE, Facts, Telling, known, seconds

WRAP_UP = timedelta(seconds=40)  # between two calls of one person
NOBODY_FREE = 25.0  # seconds a customer waits in a queue where nobody can answer
RARE = {"one_way": 0.15}  # beside an ordinary dialogue's 1


@dataclass
class Desk:
    """A client's telephones in one day: draws customers and words, knows who is on the phone until when."""

    client: Client
    draw: random.Random
    busy_until: dict[str, datetime] = field(default_factory=dict)

    def group(self) -> Group:
        return self.draw.choice(self.client.groups)

    def customer(self) -> Customer:
        return self.draw.choice(customers(self.client))

    def free(self, group: Group, at: datetime) -> list[Extension]:
        """The group's people who are not on the phone, in the order they are rung today."""
        free = [
            phone
            for phone in group.phones
            if phone.number not in self.busy_until or self.busy_until[phone.number] <= at
        ]
        return self.draw.sample(free, len(free))

    def talks(self, extension: Extension, until: datetime) -> None:
        self.busy_until[extension.number] = until + WRAP_UP

    def dialogue(self, group: Group, flow: str, language: str | None = None, use: str | None = None) -> Dialogue | None:
        """A conversation that fits; in another language than the customer's only where there is none in it."""
        fitting = [
            one
            for one in dialogues()
            if (one.client, one.flow) == (self.client.slug, flow)
            and (one.department == group.name or flow == "internal")
            and (one.use == use or (use is None and one.use in RARE))
        ]
        fitting = [one for one in fitting if one.language == language] or fitting
        if not fitting:
            return None
        return self.draw.choices(fitting, [RARE.get(one.use or "", 1) if use is None else 1 for one in fitting])[0]

    def ring(self, shortest: float, longest: float) -> float:
        return round(self.draw.uniform(shortest, longest), 3)

    def case(self) -> str | None:
        """A ticket's number, for four conversations in ten."""
        return f"C-{self.draw.randrange(10_000, 99_999)}" if self.draw.random() < 0.4 else None


Scene = Callable[[Desk, datetime, str], Telling]


def _inbound(
    desk: Desk, at: datetime, source_id: str, group: Group, customer: Customer, queued: bool = False
) -> Telling:
    called = group.queue.party
    queue = group.queue if queued else None
    telling = Telling(desk.client, source_id, at, "in", customer.party, called, did=group.did, queue=queue)
    telling.moves("Joined", at, customer.party)
    return telling


def _talk(
    desk: Desk, telling: Telling, extension: Extension, dialogue: Dialogue, init: datetime, *, flow: str, ring: float
) -> Facts:
    """An answered leg with its recording; whoever spoke last hung up."""
    answered = init + seconds(ring)
    end = answered + seconds(dialogue.seconds)
    by_caller = (dialogue.turns[-1].speaker == "customer") != (flow == "out")
    disposition = "caller_bye" if by_caller else "callee_bye"
    leg = telling.leg(
        extension, flow=flow, init=init, ring=ring, talk=dialogue.seconds, result="answered", disposition=disposition
    )
    outside = telling.called if flow == "out" else telling.caller
    telling.event("ringing", init, extension.number)
    telling.event("answered", answered, extension.number)
    telling.moves("Joined", answered, extension)
    telling.moves("Left", end, extension)
    telling.record(leg, dialogue, answered, outside.number, **known(agent_id=extension.number, case_id=desk.case()))
    desk.talks(extension, end)
    return leg


def _end(telling: Telling, *outside: Customer) -> Telling:
    end = telling.ended_at or telling.at
    for customer in outside:
        telling.moves("Left", end, customer.party)
    telling.event("ended", end)
    return telling


def answered_in(desk: Desk, at: datetime, source_id: str) -> Telling:
    """The number rings one free person, who answers."""
    group, customer = desk.group(), desk.customer()
    free, dialogue = desk.free(group, at), desk.dialogue(group, "in", customer.language)
    if not free or not dialogue:
        return _abandoned(desk, at, source_id, group, customer)
    telling = _inbound(desk, at, source_id, group, customer)
    _talk(desk, telling, free[0], dialogue, at, flow="in", ring=desk.ring(3, 14))
    return _end(telling, customer)


def queued_in(desk: Desk, at: datetime, source_id: str) -> Telling:
    """Through the queue: two phones ring, one answers, for the other it was answered elsewhere."""
    group, customer = desk.group(), desk.customer()
    free, dialogue = desk.free(group, at), desk.dialogue(group, "in", customer.language)
    if not free or not dialogue:
        return _abandoned(desk, at, source_id, group, customer)
    telling = _inbound(desk, at, source_id, group, customer, queued=True)
    wait, ring = desk.ring(2, 20), desk.ring(3, 10)
    rung = at + seconds(wait)
    _talk(desk, telling, free[0], dialogue, rung, flow="in", ring=ring)
    for other in free[1:2]:
        telling.leg(
            other,
            flow="in",
            init=rung,
            ring=ring,
            result="answered elsewhere",
            cause="LOSE_RACE",
            disposition="internal_cancel",
        )
    return _end(telling, customer)


def _abandoned(desk: Desk, at: datetime, source_id: str, group: Group, customer: Customer) -> Telling:
    """Nobody was free; the customer gave up in the queue."""
    telling = _inbound(desk, at, source_id, group, customer, queued=True)
    ring = NOBODY_FREE + desk.ring(0, 20)
    cause, disposition = "ORIGINATOR_CANCEL", "caller_cancel"
    telling.leg(group.queue, flow="in", init=at, ring=ring, result="not answered", cause=cause, disposition=disposition)
    telling.event("ringing", at, group.queue.number)
    return _end(telling, customer)


def abandoned(desk: Desk, at: datetime, source_id: str) -> Telling:
    """The customer gives up in the queue."""
    return _abandoned(desk, at, source_id, desk.group(), desk.customer())


def missed_in(desk: Desk, at: datetime, source_id: str) -> Telling:
    """One phone rings and nobody comes."""
    group, customer = desk.group(), desk.customer()
    extension = desk.draw.choice(group.phones)
    telling = _inbound(desk, at, source_id, group, customer)
    cause, disposition = desk.draw.choice((("NO_ANSWER", "internal_cancel"), ("ORIGINATOR_CANCEL", "caller_cancel")))
    ring = desk.ring(14, 30)
    telling.leg(extension, flow="in", init=at, ring=ring, result="not answered", cause=cause, disposition=disposition)
    telling.event("ringing", at, extension.number)
    return _end(telling, customer)


def busy_in(desk: Desk, at: datetime, source_id: str) -> Telling:
    """The phone is busy, or its owner refuses."""
    group, customer = desk.group(), desk.customer()
    extension = desk.draw.choice(group.phones)
    telling = _inbound(desk, at, source_id, group, customer)
    result, cause = desk.draw.choice((("busy", "USER_BUSY"), ("rejected", "CALL_REJECTED")))
    ring = desk.ring(0.4, 4)
    telling.leg(extension, flow="in", init=at, ring=ring, result=result, cause=cause, disposition="callee_refuse")
    return _end(telling, customer)


def put_through(desk: Desk, at: datetime, source_id: str) -> Telling:
    """Answered by the wrong group and put through to the right one: two legs, two recordings."""
    customer = desk.customer()
    first, opening = next(
        (group, words) for group in desk.client.groups if (words := desk.dialogue(group, "in", use="transfer"))
    )
    second = next(group for group in desk.client.groups if group is not first)
    here, there = desk.free(first, at), desk.free(second, at)
    dialogue = desk.dialogue(second, "in", opening.language)
    if not here or not there or not dialogue:
        return _abandoned(desk, at, source_id, first, customer)
    telling = _inbound(desk, at, source_id, first, customer)
    leg = _talk(desk, telling, here[0], opening, at, flow="in", ring=desk.ring(3, 10))
    leg |= {"result": "bridged", "hangup_cause": "ATTENDED_TRANSFER", "hangup_disposition": "internal_cancel"}
    handed_over = telling.ended_at or at
    telling.event("transferred", handed_over, here[0].number)
    _talk(desk, telling, there[0], dialogue, handed_over, flow="transfer", ring=desk.ring(2, 6))
    return _end(telling, customer)


def answered_out(desk: Desk, at: datetime, source_id: str) -> Telling:
    """One of ours rings a customer, who answers."""
    group, customer = desk.group(), desk.customer()
    free, dialogue = desk.free(group, at), desk.dialogue(group, "out", customer.language)
    if not free or not dialogue:
        return missed_in(desk, at, source_id)
    telling = Telling(desk.client, source_id, at, "out", free[0].party, customer.party)
    ring = desk.ring(5, 18)
    _talk(desk, telling, free[0], dialogue, at, flow="out", ring=ring)
    telling.moves("Joined", at + seconds(ring), customer.party)
    return _end(telling, customer)


def unanswered_out(desk: Desk, at: datetime, source_id: str) -> Telling:
    """One of ours rings a customer: no answer, busy, or a number that does not exist."""
    group, customer = desk.group(), desk.customer()
    extension = desk.draw.choice(group.phones)
    telling = Telling(desk.client, source_id, at, "out", extension.party, customer.party)
    endings = (
        ("not answered", "NO_ANSWER", "caller_cancel", 24.0),
        ("busy", "USER_BUSY", "callee_refuse", 2.5),
        ("failed", "UNALLOCATED_NUMBER", "internal_cancel", 0.8),
    )
    result, cause, disposition, ring = desk.draw.choices(endings, (6, 3, 1))[0]
    ring = round(ring * desk.draw.uniform(0.6, 1.4), 3)
    telling.leg(extension, flow="out", init=at, ring=ring, result=result, cause=cause, disposition=disposition)
    telling.event("ringing", at, extension.number)
    return _end(telling)


def between_colleagues(desk: Desk, at: datetime, source_id: str) -> Telling:
    """One group rings the other: a leg for each of the two, recorded on the answering side."""
    group = desk.group()
    other = desk.draw.choice([one for one in desk.client.groups if one is not group])
    callers, called = desk.free(other, at), desk.free(group, at)
    dialogue = desk.dialogue(group, "internal")
    if not callers or not called or not dialogue:
        return unanswered_out(desk, at, source_id)
    caller, callee, ring = callers[0], called[0], desk.ring(2, 8)
    telling = Telling(desk.client, source_id, at, "internal", caller.party, callee.party)
    telling.leg(
        caller, flow="out", init=at, ring=ring, talk=dialogue.seconds, result="answered", disposition="callee_bye"
    )
    _talk(desk, telling, callee, dialogue, at, flow="in", ring=ring)
    telling.moves("Joined", at, caller)
    telling.moves("Left", telling.ended_at or at, caller)
    desk.talks(caller, telling.ended_at or at)
    return _end(telling)


def voicemail_in(desk: Desk, at: datetime, source_id: str, message: Message) -> tuple[Telling, Facts]:
    """Nobody answers and the customer leaves `message`: the call, and the facts of the voice message."""
    group = desk.client.group(message.department)
    fitting = [one for one in customers(desk.client) if one.language == message.language]
    customer, extension = desk.draw.choice(fitting), desk.draw.choice(group.phones)
    telling = _inbound(desk, at, source_id, group, customer)
    ring, live_id = desk.ring(18, 25), int(at.timestamp() * 1_000)
    leg = telling.leg(
        extension,
        flow="in",
        init=at,
        ring=ring,
        talk=message.seconds,
        result="voicemail",
        disposition="caller_bye",
        live_id=live_id,
    )
    telling.event("ringing", at, extension.number)
    facts = known(
        source=SOURCE,
        source_id=f"{source_id}-vm",
        extension=extension.number,
        caller=known(number=customer.party.number, name=customer.party.name),
        callerid=leg["clid"],
        dialled=group.did,
        at=telling.stamp(at + seconds(ring)),
        duration=round(message.seconds),
        live_id=live_id,
        transcript=message.text,
        file_name=f"{at:%Y-%m-%d-%H-%M-%S}-UTC_vm_{customer.party.number.lstrip('+')}_{extension.number}.mp3",
        file=message.file,
    )
    return _end(telling, customer), facts


SCENES: dict[Scene, int] = {
    answered_in: 30,
    queued_in: 18,
    put_through: 5,
    missed_in: 7,
    abandoned: 3,
    busy_in: 3,
    answered_out: 20,
    unanswered_out: 8,
    between_colleagues: 6,
}

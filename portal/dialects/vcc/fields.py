"""The 15 fields of a recording, in the paper's order, and the words that the paper has for ways of a call."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

from portal.dialects.fields import Fields, Keyed, Source, Sql
from records.models import Record, Route

# What stands where a queue and the number dialled would stand, in a call that came through no queue.
CHANNELS = {Route.OUT: "#virtual_outbound#", Route.DIRECT: "#virtual_daa#"}
QUEUES = {Route.OUT: "QUEUE_OUTBOUND", Route.DIRECT: "QUEUE_DIRECT_AGENT_ACCESS"}


def of_queue(column: str, words: dict[Route, str]) -> Sql:
    """What is told of calls through a queue; one word for the others."""
    cases = " ".join(f"when '{route}' then '{word}'" for route, word in words.items())
    return Sql(f"case {{}} {cases} else {{}} end", "route", column)


# The record's number is its id; from 90,000 on with its length before it, so that names of one second are in the order
# of their ids however many digits these have.
NUMBER = (
    "case when {0} < 90000 then lpad({0}::text, 5, '0') else '9' || lpad(length({0}::text)::text, 2, '0') || {0} end"
)
STAMP = "to_char({1} at time zone 'UTC', 'YYYYMMDD{0}')"
FILENAME = Sql(
    f"'S' || {STAMP.format('', '{1}')} || '/R' || {STAMP.format('HH24MISS', '{1}')} || {NUMBER} || '.wav'",
    *("id", "began_at"),
)
FIELDS: dict[str, Source] = {
    "startDate": "began_at",
    "agentID": "agent",
    "phoneNumber": "outside",
    "channel": of_queue("line", CHANNELS),
    "caseID": "case_id",
    "duration": Sql("floor({} + 0.5)::bigint::text", "seconds"),
    "filename": FILENAME,
    "queueID": of_queue("queue_id", QUEUES),
    "queueName": of_queue("queue_name", QUEUES),
    "accountNumber": "account_number",
    "transactionID": "transaction_id",
    "extVar1": "ext_var1",
    "extVar2": "ext_var2",
    "outDialCode": "out_dial_code",
    "wrapUpCode": "wrap_up_code",
}
RECORDINGS = Fields(Record, FIELDS, key=Keyed("began_at", "id"))

_FILENAME = re.compile(r"S(\d{8})/R(\1\d{6})(\d{5}|9\d{7,21})\.wav", re.ASCII)


class Named(NamedTuple):
    """What a filename says: when the recording began, and its id."""

    began_at: datetime
    id: int


def read_filename(text: str) -> Named | None:
    """None for what can be no recording's name."""
    found = _FILENAME.fullmatch(text)
    number = found and id_of(found[3])
    if found is None or number is None:
        return None
    try:
        return Named(datetime.strptime(found[2], "%Y%m%d%H%M%S").replace(tzinfo=UTC), number)
    except ValueError:
        return None


def number_of(row_id: int) -> str:
    """As NUMBER has it."""
    return f"{row_id:05}" if row_id < 90_000 else f"9{len(str(row_id)):02}{row_id}"


def id_of(digits: str) -> int | None:
    """The id behind a record's number; None for what is the number of none."""
    row_id = int(digits if len(digits) == 5 else digits[3:])
    return row_id if row_id < 2**63 and number_of(row_id) == digits else None

"""The paper's own example, told by a PBX, and the three types of its table: the whole way from facts to XML and CSV.

The paper prints its example with two slips of a pen: `<queueName>phoneq1</>` and `%lt;/recordings>`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from portal.clients.models import Client
from tests.factories import make_client
from tests.facts import call, leg, recording, sound
from tests.portal.dialects.vcc.conftest import Program, from_xml, token_of
from tests.records.test_ingest_records import arrive, attach, tell, tell_calls

pytestmark = pytest.mark.django_db(transaction=True)
GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def acme(owner_sql: Callable[..., None]) -> Client:
    """A tenant on the west coast, whose next recording is the thousandth."""
    owner_sql("alter sequence records_record_id_seq restart with 1000")
    return make_client("Acme", timezone="America/Los_Angeles")


def record(client: Client, number: int, seconds: int, facts: dict[str, Any], **of_recording: Any) -> None:
    at = f"2007-12-20T03:{15 + number}:36Z"
    told = call(f"c{number}", leg(f"c{number}.leg", init_time=at), started_at=at) | facts
    tell_calls(client, told)
    tell(client, recording(f"r{number}", leg=f"c{number}.leg", started_at=at, **of_recording))
    attach(client, f"r{number}", arrive(client, sound(seconds)))


def structure(body: bytes) -> list[tuple[str, list[tuple[str, str | None]]]]:
    root = ElementTree.fromstring(body)  # noqa: S314 - our own files
    return [(root.tag, []), *((file.tag, [(field.tag, field.text) for field in file]) for file in root)]


def reads_as(client: Client, golden: str) -> None:
    program, wanted = Program(client.slug, token_of(client)), (GOLDEN / golden).read_bytes()
    for path in ("/files", "/files/", "/files.xml"):
        assert structure(program.get(path).content) == structure(wanted)
    assert program.rows(path="/files.csv") == from_xml(wanted)


@pytest.mark.clause("vcc", "the paper's example, element by element")
def test_the_example_of_the_paper(acme: Client) -> None:
    queue = {"id": "fernandez~~queue~~phone~~102", "name": "phoneq1"}
    facts = {"caller": {"number": "bill"}, "did": "5027780", "queue": queue}
    more = {"case_id": "0", "account_number": "0", "transaction_id": "1", "ext_var1": "0", "ext_var2": "0"}
    record(acme, 1, 27, facts, agent_id="bill", **more)
    reads_as(acme, "files.xml")


@pytest.mark.clause("vcc", "the paper's table of types: channel, phone number, queue id and name")
def test_the_types_of_the_paper(acme: Client) -> None:
    customer = {"number": "4155551234"}
    more = {"case_id": "4711", "account_number": "A-17", "transaction_id": "1", "ext_var1": "gold"}
    more |= {"ext_var2": "north", "out_dial_code": "9", "wrap_up_code": "sold", "agent_id": "bill"}
    queue = {"id": "q1", "name": "Service"}
    record(acme, 1, 2, {"caller": customer, "did": "8005557780", "queue": queue}, **more)
    record(acme, 2, 2, {"direction": "out", "caller": {"number": "101"}, "called": customer})
    record(acme, 3, 2, {"caller": customer, "called": {"number": "101"}})
    reads_as(acme, "types.xml")


@pytest.mark.clause("vcc", "every address of the paper's text answers")
@pytest.mark.parametrize(
    "asked",
    [
        "files/",
        "files.csv",
        "files?agentID=bill&channel=5027780&phoneNumber=bill&finish-date=2007-12-20%2003:17:03Z",
        "files?d=2007-12-19&tz=America/Los_Angeles",
        "files?d=2007-12-19,2007-12-20",
        "files?d=2007-12-20%2003:15Z,2007-12-20%2014:30Z",
        "files?d=20071220T0315Z,20071220T1430Z",
        "files?channel=5027780",
        "files?n=1",
    ],
)
def test_the_papers_questions_find_its_example(acme: Client, asked: str) -> None:
    record(acme, 1, 27, {"caller": {"number": "bill"}, "did": "5027780", "queue": {"name": "phoneq1"}}, agent_id="bill")
    path, _, query = asked.partition("?")
    (row,) = Program(acme.slug, token_of(acme)).rows(query, f"/{path}")
    assert row["filename"] == "S20071220/R2007122003163601000.wav"

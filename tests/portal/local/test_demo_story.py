"""The demo tells the same weeks whenever it is asked, in the contract's words, with files that are there."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

import cdrs.facts
import records.facts
from portal.local.demo import story
from portal.local.demo.audio import AUDIO_DIR, dialogues
from portal.local.demo.cast import CLIENTS, customers

FRIDAY = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)


def words(text: str) -> set[str]:
    return set(text.split())


CALL = words("""
    source source_id call_uuid direction started_at answered_at ended_at caller called did queue region legs
    participants metadata
""")
LEG = words("""
    source_id extension flow init_time start_time hangup_time duration billsec result hangup_cause hangup_disposition
    from_username from_domain from_screen_name to_username to_domain source_number source_domain dest_number dest_domain
    did_number did_domain ani_number ext_number_reg application context clid src_id src_name dst_id dst_name disposition
    rate charge live_id parent_live_id user_id sip_endpoint_id server_id src_ua dst_ua src_codec dst_codec labels info
    metadata
""")
# Of recordings and voice messages: `source` stands in the address there, and `file` is where the sound lies.
RECORDING = words("""
    source source_id leg call file_name started_at stopped_at channels record_transfer codec transcript summary
    sentiment agent_id case_id account_number transaction_id ext_var1 ext_var2 out_dial_code wrap_up_code
    redactions file
""")
VOICEMESSAGE = words("""
    source source_id extension caller callerid dialled at duration folder is_new live_id parent_live_id transcript
    file_name file
""")
PARTICIPANT = words("occurred_at type phone_number user_name first_name last_name event")
EVENT = words("source source_id call event at extension caller called direction side")
LIVE = {"ringing", "answered", "hold", "resumed", "transferred", "ended"}
RESULTS = {"busy", "answered", "not answered", "answered elsewhere", "failed", "rejected", "voicemail", "bridged"}
DISPOSITIONS = {"callee_bye", "caller_bye", "caller_cancel", "callee_refuse", "internal_cancel", ""}
FICTIONAL = re.compile(r"\+1555100\d{4}|\+49555\d{7}")

both = pytest.mark.parametrize("client", sorted(CLIENTS))


@pytest.fixture(scope="module")
def told() -> dict[str, list[dict]]:
    return {client: list(story.calls(client, FRIDAY)) for client in CLIENTS}


def moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    assert at.tzinfo is not None, f"{text} has no offset"
    return at


def legs(items: list[dict]) -> Iterator[dict]:
    return (leg for item in items for leg in item["call"]["legs"])


def strings(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from strings(one)
    elif isinstance(value, str):
        yield value


@both
def test_the_same_weeks_are_told_twice(told, client):
    assert list(story.calls(client, FRIDAY)) == told[client]
    assert list(story.voicemessages(client, FRIDAY)) == list(story.voicemessages(client, FRIDAY))


@both
def test_an_hour_later_nothing_told_before_has_changed(told, client):
    later = {item["call"]["source_id"]: item for item in story.calls(client, FRIDAY + timedelta(hours=1))}
    kept = [item for item in told[client] if item["call"]["source_id"] in later]
    assert len(kept) >= len(told[client]) - 3
    assert all(later[item["call"]["source_id"]] == item for item in kept)


@pytest.mark.parametrize(("client", "least", "most"), [("north", 380, 500), ("south", 170, 240)])
def test_three_weeks_hold_about_as_many_calls_as_such_a_company_has(told, client, least, most):
    assert least <= len(told[client]) <= most


@both
def test_a_working_day_is_busier_than_a_sunday(told, client):
    days = Counter(moment(item["call"]["started_at"]).strftime("%a") for item in told[client])
    assert days["Tue"] > 3 * days["Sun"] > 0


@both
def test_calls_fall_into_the_clients_own_business_hours(told, client):
    zone = CLIENTS[client].zone
    starts = [moment(item["call"]["started_at"]) for item in told[client]]
    assert all(at.utcoffset() == at.astimezone(zone).utcoffset() for at in starts)
    assert {at.hour for at in starts} <= set(range(8, 22))
    assert sum(9 <= at.hour < 18 for at in starts) > 0.8 * len(starts)


@both
def test_nothing_is_told_that_has_not_ended_or_is_older_than_three_weeks(told, client):
    for item in told[client]:
        assert FRIDAY - timedelta(days=21) <= moment(item["call"]["started_at"])
        assert moment(item["call"]["ended_at"]) <= FRIDAY


@both
def test_every_fact_is_one_of_the_contracts(told, client):
    for item in told[client]:
        assert set(item) == {"call", "recordings"}
        assert set(item["call"]) <= CALL
        assert all(set(one) <= PARTICIPANT for one in item["call"]["participants"])
        assert all(set(one) <= RECORDING for one in item["recordings"])
    for leg in legs(told[client]):
        assert set(leg) <= LEG
        assert leg["result"] in RESULTS
        assert leg["hangup_disposition"] in DISPOSITIONS
    assert all(set(one) <= VOICEMESSAGE for one in story.voicemessages(client, FRIDAY))
    assert all(set(one) <= EVENT and one["event"] in LIVE for one in story.events(client, FRIDAY))


@both
def test_the_way_in_understands_every_fact(told, client):
    sound = {"file"}
    for item in told[client]:
        assert cdrs.facts.read_call(item["call"]).legs
        for recording in item["recordings"]:
            records.facts.read_recording({name: recording[name] for name in recording.keys() - sound})
    for message in story.voicemessages(client, FRIDAY):
        records.facts.read_voicemessage({name: message[name] for name in message.keys() - sound})


@both
def test_what_is_unknown_is_absent(told, client):
    assert not [text for text in strings(told[client]) if text in ("", "None")]


@both
def test_ids_are_unique(told, client):
    for ids in (
        [item["call"]["source_id"] for item in told[client]],
        [leg["source_id"] for leg in legs(told[client])],
        [one["source_id"] for item in told[client] for one in item["recordings"]],
        [one["source_id"] for one in story.voicemessages(client, FRIDAY)],
        [one["source_id"] for one in story.events(client, FRIDAY)],
    ):
        assert len(ids) == len(set(ids)) > 0


@both
def test_numbers_are_fictional_alone(told, client):
    everything = [told[client], list(story.voicemessages(client, FRIDAY))]
    inside = {extension.number for extension in CLIENTS[client].extensions}
    numbers = {number for text in strings(everything) for number in re.findall(r"\+\d{5,}", text)}
    assert numbers
    assert all(FICTIONAL.fullmatch(number) for number in numbers)
    ends = {item["call"][end]["number"] for item in told[client] for end in ("caller", "called")}
    assert all(number in inside or FICTIONAL.fullmatch(number) for number in ends)
    assert all(FICTIONAL.fullmatch(customer.party.number) for customer in customers(CLIENTS[client]))


@both
def test_every_answered_leg_lasts_as_long_as_its_recording(told, client):
    length = {one.file: one.seconds for one in dialogues()}
    for item in told[client]:
        answered = {leg["source_id"]: leg for leg in item["call"]["legs"]}
        for recording in item["recordings"]:
            leg = answered[recording["leg"]]
            assert recording["call"] == item["call"]["source_id"]
            assert (AUDIO_DIR / recording["file"]).is_file()
            assert abs(leg["billsec"] - length[recording["file"]]) <= 1
            assert recording["started_at"] == leg["start_time"]


@both
def test_whoever_answered_was_recorded(told, client):
    for item in told[client]:
        talked = [leg for leg in item["call"]["legs"] if leg["result"] in ("answered", "bridged")]
        recorded = {one["leg"] for one in item["recordings"]}
        own = {
            leg["source_id"] for leg in talked if not (item["call"]["direction"] == "internal" and leg["flow"] == "out")
        }
        assert own == recorded


@both
def test_times_of_a_leg_are_in_order_and_add_up(told, client):
    for leg in legs(told[client]):
        times = [moment(leg[name]) for name in ("init_time", "start_time", "hangup_time") if name in leg]
        assert times == sorted(times)
        assert leg["duration"] == int((times[-1] - times[0]).total_seconds())
        assert leg["billsec"] == (int((times[2] - times[1]).total_seconds()) if len(times) == 3 else 0)


@both
def test_nobody_answers_two_calls_at_once(told, client):
    talks: dict[str, list[tuple[datetime, datetime]]] = {}
    for leg in legs(told[client]):
        if leg["result"] in ("answered", "bridged"):
            span = (moment(leg["start_time"]), moment(leg["hangup_time"]))
            talks.setdefault(leg["extension"], []).append(span)
    assert len(talks) == sum(extension.type == "phone" for extension in CLIENTS[client].extensions)
    for spans in talks.values():
        assert all(first[1] <= second[0] for first, second in pairwise(sorted(spans)))


@both
def test_the_weeks_hold_every_kind_of_call(told, client):
    items = [item["call"] for item in told[client]]
    assert {call["direction"] for call in items} == {"in", "out", "internal"}
    assert {leg["result"] for leg in legs(told[client])} >= RESULTS - {"failed", "rejected"}
    assert any("queue" in call for call in items)
    assert any(leg["flow"] == "transfer" for leg in legs(told[client]))
    extensions = {extension.number for extension in CLIENTS[client].extensions}
    assert {leg["extension"] for leg in legs(told[client])} == extensions


def test_a_hold_is_told_as_it_happened():
    events = [one for one in story.events("north", FRIDAY) if one["event"] in ("hold", "resumed")]
    for hold, resumed in zip(events[::2], events[1::2], strict=True):
        assert (hold["event"], resumed["event"], hold["call"]) == ("hold", "resumed", resumed["call"])
        assert 10 <= (moment(resumed["at"]) - moment(hold["at"])).total_seconds() <= 12
    assert events


def test_ten_voice_messages_each_with_the_call_it_was_left_in(told):
    left = {client: list(story.voicemessages(client, FRIDAY)) for client in CLIENTS}
    assert sum(map(len, left.values())) == 10
    for client, messages in left.items():
        calls = {item["call"]["source_id"]: item["call"] for item in told[client]}
        for message in messages:
            (leg,) = calls[message["source_id"].removesuffix("-vm")]["legs"]
            assert (leg["result"], leg["live_id"], leg["extension"]) == (
                "voicemail",
                message["live_id"],
                message["extension"],
            )
            assert (AUDIO_DIR / message["file"]).is_file()
        assert {message["is_new"] for message in messages} == {True, False}


@pytest.mark.parametrize("day", range(0, 366, 23))
def test_the_story_can_end_at_any_hour_of_any_day(day):
    until = FRIDAY + timedelta(days=day, hours=day * 5 % 24, minutes=day)
    for client in CLIENTS:
        assert len(list(story.calls(client, until))) > 120
    assert sum(len(list(story.voicemessages(client, until))) for client in CLIENTS) == 10


def test_a_time_without_an_offset_is_refused():
    with pytest.raises(ValueError, match="offset"):
        next(story.calls("north", datetime(2026, 11, 20)))


def test_a_client_outside_the_cast_is_refused():
    with pytest.raises(KeyError):
        next(story.calls("west", FRIDAY))

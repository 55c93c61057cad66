"""What happened in a batch: calls in business hours, some missed, some put through, told in arrays.

Every array is int64, one entry a call or a leg; times are whole seconds since 1970, and -1 stands for unknown. The same
generator state tells the same story.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from cdrs.facts import BEST_FIRST
from portal.intake.synthetic.plan import Batch
from portal.intake.synthetic.tenants import Tenant

Numbers = NDArray[np.int64]
Random = np.random.Generator

# Codes are places in these lists; a result's code is its rank, so the best of a call's legs is the least.
DIRECTIONS = ("in", "out", "internal")
FLOWS = ("in", "out", "transfer")
RESULTS = BEST_FIRST
ANSWERED, VOICEMAIL, ELSEWHERE = (RESULTS.index(name) for name in ("answered", "voicemail", "answered elsewhere"))

_DIRECTION_SHARES = (0.56, 0.36, 0.08)
_OUTCOMES = tuple(RESULTS.index(name) for name in ("answered", "not answered", "busy", "voicemail", "failed"))
_OUTCOME_SHARES = {
    "in": (0.76, 0.11, 0.03, 0.09, 0.01),
    "out": (0.68, 0.2, 0.08, 0, 0.04),
    "internal": (0.8, 0.15, 0.05, 0, 0),
}
_SECOND_LEG_SHARE = 0.2  # of all legs
_TRANSFER_SHARE = 0.5  # of the calls with two legs; the others rang at two places
# Weights of the days from Monday, and of the hours of a day.
_WEEK = (1.0, 0.95, 0.95, 0.92, 0.85, 0.18, 0.06)
_DAY = (0.2, 0.1, 0.1, 0.1, 0.2, 0.5, 2, 5, 9, 11, 11, 9, 6, 8, 10, 10, 8, 5, 3, 2, 1, 0.8, 0.5, 0.3)
_CALLS_A_CUSTOMER = 6
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Story:
    """The calls and legs of a batch. A leg's `call` is the place of its call; both are in order of time."""

    calls: dict[str, Numbers]
    legs: dict[str, Numbers]


def tell(batch: Batch, tenant: Tenant, random: Random, clips: Numbers, *, listed: bool) -> Story:
    """`clips` are the lengths of the sound clips in seconds; a leg that gets one lasts as long as it."""
    second_legs = int(batch.legs * _SECOND_LEG_SHARE)
    count = batch.legs - second_legs
    calls = {
        "started": np.sort(moments(batch, tenant, random, count)),
        "direction": random.choice(len(DIRECTIONS), count, p=_DIRECTION_SHARES),
        "customer": customers(batch, tenant, random, count),
    }
    twice = np.sort(random.permutation(count)[:second_legs])
    calls["direction"][twice] = DIRECTIONS.index("in")
    transferred = random.random(second_legs) < _TRANSFER_SHARE
    first = first_legs(calls, twice, transferred, tenant, random)
    call_colleagues(calls, first, tenant)
    give_clips(first, twice, batch, random, clips)
    second = legs_after(first, twice, transferred, tenant, random)
    legs = {name: np.concatenate([first[name], second[name]]) for name in first}
    legs["heard"] = heard(legs, ANSWERED, listed=listed)
    legs["message"] = heard(legs, VOICEMAIL, listed=listed)
    calls |= outcome_of(calls, first, second, twice)
    calls["recordings"] = np.bincount(legs["call"], legs["heard"], count).astype(np.int64)
    calls["place"] = np.arange(count)
    calls["extension"] = tenant.numbers[first["extension"]]
    legs["extension_id"], legs["group_id"] = tenant.extensions[legs["extension"]], tenant.groups[legs["extension"]]
    legs["extension"] = tenant.numbers[legs["extension"]]
    order = np.argsort(legs["init"], kind="stable")
    return Story(calls, {name: values[order] for name, values in legs.items()})


def moments(batch: Batch, tenant: Tenant, random: Random, count: int) -> Numbers:
    """Times in the batch, in the business hours of the client's own time zone."""
    midnights, weights = local_days(batch, tenant)
    days = random.choice(len(midnights), count, p=weights)
    hours = random.choice(24, count, p=np.array(_DAY) / sum(_DAY))
    found = midnights[days] + hours * 3600 + random.integers(0, 3600, count)
    start, end = int(batch.start.timestamp()), int(batch.end.timestamp())
    return start + (found - start) % (end - start)


def local_days(batch: Batch, tenant: Tenant) -> tuple[Numbers, NDArray[np.float64]]:
    """The client's days in the batch: when each began, and its share of the calls."""
    first = batch.start.astimezone(tenant.zone).date()
    days = [first + timedelta(days=place) for place in range((batch.end - batch.start).days)]
    midnights = [datetime(day.year, day.month, day.day, tzinfo=tenant.zone).timestamp() for day in days]
    weights = np.array([_WEEK[day.weekday()] for day in days])
    return np.array(midnights, np.int64), weights / weights.sum()


def customers(batch: Batch, tenant: Tenant, random: Random, count: int) -> Numbers:
    """Numbers that begin with 1555, some of them far more often than others."""
    known = max(50, batch.legs * 50 // _CALLS_A_CUSTOMER)
    places = (random.random(count) ** 2 * known).astype(np.int64)
    return 15550000000 + 1_000_000 + (tenant.number * 104_729 + places * 37) % 8_999_999


def first_legs(
    calls: dict[str, Numbers], twice: Numbers, transferred: NDArray[np.bool_], tenant: Tenant, random: Random
) -> dict[str, Numbers]:
    count = len(calls["started"])
    results = outcomes(calls["direction"], random)
    results[twice] = np.where(transferred, ANSWERED, ELSEWHERE)
    weights = 1 / np.arange(3, 3 + len(tenant.extensions))
    return {
        "call": np.arange(count),
        "place": np.ones(count, np.int64),
        "flow": np.where(calls["direction"] == DIRECTIONS.index("in"), FLOWS.index("in"), FLOWS.index("out")),
        "init": calls["started"],
        "ring": random.integers(2, 30, count),
        "talk": talk(results, random),
        "result": results,
        "extension": random.choice(len(tenant.extensions), count, p=weights / weights.sum()),
        "ended_by": random.integers(0, 2, count),
        "clip": np.full(count, UNKNOWN),
    }


def call_colleagues(calls: dict[str, Numbers], first: dict[str, Numbers], tenant: Tenant) -> None:
    """The other party of an internal call is an extension's number."""
    inside = calls["direction"] == DIRECTIONS.index("internal")
    others = (first["extension"][inside] + 7) % len(tenant.numbers)
    calls["customer"][inside] = tenant.numbers[others]


def outcomes(directions: Numbers, random: Random) -> Numbers:
    results = np.zeros(len(directions), np.int64)
    for code, direction in enumerate(DIRECTIONS):
        mine = directions == code
        results[mine] = random.choice(_OUTCOMES, int(mine.sum()), p=_OUTCOME_SHARES[direction])
    return results


def talk(results: Numbers, random: Random) -> Numbers:
    """Seconds connected: about three minutes on the average, half of them under 75 s; none unless picked up."""
    seconds = np.clip(random.lognormal(4.3, 1.2, len(results)), 3, 3600).astype(np.int64)
    seconds = np.where(results == VOICEMAIL, random.integers(4, 60, len(results)), seconds)
    return np.where((results == ANSWERED) | (results == VOICEMAIL), seconds, 0)


def give_clips(first: dict[str, Numbers], twice: Numbers, batch: Batch, random: Random, clips: Numbers) -> None:
    """Some calls that were not put through last as long as a clip, and get it."""
    if not batch.clips:
        return
    single = np.ones(len(first["call"]), bool)
    single[twice] = False
    messages = (batch.first_clip + batch.clips) // 4 - batch.first_clip // 4
    for result, wanted in ((ANSWERED, batch.clips), (VOICEMAIL, messages)):
        chosen = random.permutation(np.flatnonzero(single & (first["result"] == result)))[:wanted]
        first["clip"][chosen] = (batch.first_clip + np.arange(len(chosen))) % len(clips)
        first["talk"][chosen] = clips[first["clip"][chosen]]


def legs_after(
    first: dict[str, Numbers], twice: Numbers, transferred: NDArray[np.bool_], tenant: Tenant, random: Random
) -> dict[str, Numbers]:
    """Second legs: a call put through begins where the first leg ended; one that rang at two places, at once."""
    count = len(twice)
    results = np.full(count, ANSWERED)
    ended = first["init"][twice] + first["ring"][twice] + first["talk"][twice]
    elsewhere = (first["extension"][twice] + random.integers(1, len(tenant.extensions), count)) % len(tenant.extensions)
    return {
        "call": twice,
        "place": np.full(count, 2),
        "flow": np.where(transferred, FLOWS.index("transfer"), FLOWS.index("in")),
        "init": np.where(transferred, ended, first["init"][twice]),
        "ring": np.where(transferred, random.integers(1, 12, count), first["ring"][twice]),
        "talk": talk(results, random),
        "result": results,
        "extension": elsewhere,
        "ended_by": random.integers(0, 2, count),
        "clip": np.full(count, UNKNOWN),
    }


def heard(legs: dict[str, Numbers], result: int, *, listed: bool) -> Numbers:
    """1 for the legs of this result that leave a recording or a message behind, else 0."""
    return ((legs["result"] == result) & (listed | (legs["clip"] != UNKNOWN))).astype(np.int64)


def outcome_of(
    calls: dict[str, Numbers], first: dict[str, Numbers], second: dict[str, Numbers], twice: Numbers
) -> dict[str, Numbers]:
    """When the calls were answered and ended, and how: the best of their legs."""
    result = first["result"].copy()
    result[twice] = np.minimum(result[twice], second["result"])
    answered = np.where(first["result"] == ANSWERED, first["init"] + first["ring"], UNKNOWN)
    later = second["init"] + second["ring"]
    answered[twice] = np.where(answered[twice] == UNKNOWN, later, answered[twice])
    ended = first["init"] + first["ring"] + first["talk"]
    ended[twice] = np.maximum(ended[twice], later + second["talk"])
    return {"result": result, "answered": answered, "ended": ended}

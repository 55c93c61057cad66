"""The fields of a whole call, in the order of the vendor's page: some of the call itself, some of its legs in reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cdrs.models import Call, Leg
from cdrs.queries import INWARD
from portal.dialects.fields import Fields, Keyed, Source, Sql
from portal.dialects.ringme.fields import CDRS, CDRS_WITH_LINKS, HEX32, OWNERS, fraction_kept, gmt

NAMES = """
bridged_domain bridged_duration bridged_time_gmt bridged_username call_uuid client_owner_id did_domain did_number
duration ext_number_reg extension_group_owner_id extension_id extension_name extension_type flow from_domain
from_screen_name from_username hangup_cause hangup_disposition hangup_time_gmt init_time_gmt result start_time_gmt
to_domain to_username
"""
WAYS_IN = ", ".join(f"'{direction.value}'" for direction in INWARD)
CALLS = Fields(
    Call,
    {
        "call_uuid": Sql(HEX32, "call_uuid"),
        "client_owner_id": "client_id",
        "did_number": "did",
        "duration": Sql("floor(extract(epoch from {} - {}))::bigint", "ended_at", "started_at"),
        "flow": Sql(f"case when {{}} in ({WAYS_IN}) then 'in' else 'out' end", "direction"),
        "from_screen_name": "caller_name",
        "from_username": "caller_number",
        "hangup_time_gmt": gmt("ended_at"),
        "init_time_gmt": fraction_kept("started_at"),
        "result": "result",
        "start_time_gmt": gmt("answered_at"),
        "to_username": "called_number",
    },
    key=Keyed("started_at"),
)

# Of a leg whom it connected the other side with: who was dialled from it, or else its own extension.
AWAY = "{} = 'out' or {} is null"
BRIDGE: dict[str, Source] = {
    "bridged_domain": Sql(
        f"case when {AWAY} then coalesce({{}}, {{}}) else {{}} end",
        *("flow", "extension_id", "dest_domain", "to_domain", "client__domain"),
    ),
    "bridged_duration": "billsec",
    "bridged_time_gmt": gmt("start_time"),
    "bridged_username": Sql(
        f"case when {AWAY} then coalesce({{}}, {{}}) else {{}} || '*' || {{}} end",
        *("flow", "extension_id", "dest_number", "to_username", "client__prefix", "extension__number"),
    ),
}
# What a call has of its legs, beside which call that is and whether people spoke on it: no menu, no queue.
PART: dict[str, Source] = BRIDGE | {
    "call_id": "call_id",
    "connected": Sql(
        "coalesce({} in ('answered', 'bridged') and coalesce({}, '') not in ('ivr', 'queue'), false)",
        *("result", "extension__type"),
    ),
}
OF_FIRST: dict[str, Source] = {
    **{name: OWNERS[name] for name in ("extension_group_owner_id", "extension_id", "extension_name", "extension_type")},
    **{
        name: name
        for name in ("did_domain", "did_number", "ext_number_reg", "from_domain", "hangup_cause", "to_domain")
    },
    "hangup_disposition": CDRS.sources["hangup_disposition"],
}
PARTS = Fields(Leg, OF_FIRST | PART)
CDRS_OF_CALLS = CDRS.replaced(**PART)
CDRS_OF_CALLS_WITH_LINKS = CDRS_WITH_LINKS.replaced(**PART)

NO_LEG = dict.fromkeys(OF_FIRST) | {"hangup_disposition": ""}
NO_BRIDGE = dict.fromkeys(BRIDGE)


def whole(call: Mapping[str, Any], legs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A call's row with what its legs (in order of time) add: the first one, and the first that people spoke on."""
    first = legs[0] if legs else NO_LEG
    bridge = next((leg for leg in legs if leg["connected"]), NO_BRIDGE)
    told = {
        **{name: first[name] for name in OF_FIRST},
        **{name: bridge[name] for name in BRIDGE},
        **call,
        "did_number": call["did_number"] or first["did_number"],
    }
    return {name: told[name] for name in NAMES.split()}

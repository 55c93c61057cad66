"""The 33 fields of a recording, a CDR and a voice message, in the paper's order."""

from __future__ import annotations

from collections.abc import Mapping

from cdrs.models import Leg
from portal.dialects.fields import Beside, Fields, Source, Sql
from records.models import Record, VoiceMessage

# In the order of the paper.
NAMES = """
ani_number application call_uuid client_owner_id dest_domain dest_number did_domain did_number duration ext_number_reg
extension_group_owner_id extension_id extension_name extension_type flow from_domain from_screen_name from_username
hangup_cause hangup_disposition hangup_time_gmt init_time_gmt record_file_size record_uuid result source_domain
source_number start_time_gmt to_domain to_username file_name record_transfer storage_url
"""
# What a leg's column of the same name says.
OF_LEG = """
ani_number dest_domain dest_number did_domain did_number duration ext_number_reg flow from_domain
from_screen_name from_username hangup_cause result source_domain source_number to_domain to_username
"""
# The paper's kinds of call; a source may have other words, which are no kind to a program.
APPLICATIONS = ("callback", "callcenter", "intercept")
HEX32 = "upper(replace({}::text, '-', ''))"
NULL = Sql("null")


def in_order(sources: Mapping[str, Source]) -> dict[str, Source]:
    """The paper's fields in its order; those that are not told are null."""
    return {name: sources.get(name, NULL) for name in NAMES.split()}


def gmt(column: str | Sql) -> Sql:
    """`YYYY-MM-DD HH:MM:SS` in UTC, cut to the second."""
    return Sql("date_trunc('second', {} at time zone 'UTC')::text", column)


def fraction_kept(column: str) -> Sql:
    """The same, with what fraction of a second there is."""
    return Sql("({} at time zone 'UTC')::text", column)


OWNERS: dict[str, Source] = {
    "client_owner_id": "client_id",
    "extension_group_owner_id": "group_id",
    "extension_id": "extension_id",
    "extension_name": Sql("{} || '*' || {} || '@' || {}", "client__prefix", "extension__number", "client__domain"),
    "extension_type": "extension__type",
    "init_time_gmt": fraction_kept("init_time"),
}


def leg_at(path: str) -> dict[str, Source]:
    """What a leg tells; `path` leads to it, "" from the leg itself."""
    told: dict[str, Source] = {name: path + name for name in OF_LEG.split()}
    kinds = ", ".join(f"'{kind}'" for kind in APPLICATIONS)
    return told | {
        "application": Sql(f"case when {{0}} in ({kinds}) then {{0}} end", f"{path}application"),
        "hangup_disposition": Sql("coalesce({}, '')", f"{path}hangup_disposition"),
        "hangup_time_gmt": gmt(f"{path}hangup_time"),
        "start_time_gmt": gmt(f"{path}start_time"),
    }


def made_from(kind: str, uuid: Source = "uuid", generation: Source = "generation") -> Sql:
    """In the place of a link what it is made from (ringme.links), where the client has links in its lists."""
    told = "{} || ':' || {} || ':' || {} || ':' || {}"
    return Sql(
        f"case when {{}} ->> 'storage_links' = 'in_lists' then '{kind}:' || {told} end",
        *("client__settings", uuid, generation, "client_id", "client__link_generation"),
    )


RECORD_UUID = Sql(f"coalesce({{}}, 0) || '-' || {HEX32}", "extension_id", "uuid")
OF_HEARD: dict[str, Source] = {"record_uuid": RECORD_UUID, "record_file_size": "size", "file_name": "file_name"}

RECORDS = Fields(
    Record,
    in_order(
        OWNERS
        | leg_at("leg__")
        | OF_HEARD
        | {"call_uuid": Sql(HEX32, "call__call_uuid"), "record_transfer": "record_transfer"}
    ),
)
RECORDS_WITH_LINKS = RECORDS.replaced(storage_url=made_from("record"))

MESSAGES = Fields(
    VoiceMessage,
    in_order(
        OWNERS
        | OF_HEARD
        | {
            "duration": Sql("coalesce({}, floor({})::integer)", "duration", "seconds"),
            "flow": Sql("'in'"),
            "from_screen_name": "caller_name",
            "from_username": "caller_number",
            "hangup_disposition": Sql("''"),
            "result": Sql("'voicemail'"),
            "source_number": "caller_number",
            "to_username": "dialled",
        }
    ),
)
MESSAGES_WITH_LINKS = MESSAGES.replaced(storage_url=made_from("voicemessage"))

# Of a CDR its first recording that can be heard.
HEARD = Beside(
    "heard", Record.objects.available, same={"client_id": "client_id", "leg_id": "id"}, first=("started_at", "id")
)
CDRS = Fields(
    Leg,
    in_order(
        OWNERS
        | leg_at("")
        | {
            "call_uuid": Sql(HEX32, "call__call_uuid"),
            "file_name": Sql("heard.file_name"),
            "record_file_size": Sql("heard.size"),
            "record_transfer": Sql("heard.record_transfer"),
            "record_uuid": Sql("coalesce(heard.extension_id, 0) || '-' || " + HEX32.format("heard.uuid")),
        }
    ),
    beside=HEARD,
)
CDRS_WITH_LINKS = CDRS.replaced(storage_url=made_from("record", Sql("heard.uuid"), Sql("heard.generation")))

"""The 33 fields of a conversation record, in the paper's order."""

from __future__ import annotations

from portal.dialects.fields import Fields, Source, Sql
from records.models import Record

HEX32 = "upper(replace({}::text, '-', ''))"
NULL = Sql("null")


def gmt(column: str) -> Sql:
    """`YYYY-MM-DD HH:MM:SS` in UTC, cut to the second."""
    return Sql("date_trunc('second', {} at time zone 'UTC')::text", column)


RECORD_UUID = Sql(f"coalesce({{}}, 0) || '-' || {HEX32}", "extension_id", "uuid")
SOURCES: dict[str, Source] = {
    "ani_number": "leg__ani_number",
    "application": "leg__application",
    "call_uuid": Sql(HEX32, "call__call_uuid"),
    "client_owner_id": "client_id",
    "dest_domain": "leg__dest_domain",
    "dest_number": "leg__dest_number",
    "did_domain": "leg__did_domain",
    "did_number": "leg__did_number",
    "duration": "leg__duration",
    "ext_number_reg": "leg__ext_number_reg",
    "extension_group_owner_id": "group_id",
    "extension_id": "extension_id",
    "extension_name": Sql("{} || '*' || {} || '@' || {}", "client__prefix", "extension__number", "client__domain"),
    "extension_type": "extension__type",
    "flow": "leg__flow",
    "from_domain": "leg__from_domain",
    "from_screen_name": "leg__from_screen_name",
    "from_username": "leg__from_username",
    "hangup_cause": "leg__hangup_cause",
    "hangup_disposition": Sql("coalesce({}, '')", "leg__hangup_disposition"),
    "hangup_time_gmt": gmt("leg__hangup_time"),
    # The one time that keeps its fraction.
    "init_time_gmt": Sql("({} at time zone 'UTC')::text", "init_time"),
    "record_file_size": "size",
    "record_uuid": RECORD_UUID,
    "result": "leg__result",
    "source_domain": "leg__source_domain",
    "source_number": "leg__source_number",
    "start_time_gmt": gmt("leg__start_time"),
    "to_domain": "leg__to_domain",
    "to_username": "leg__to_username",
    "file_name": "file_name",
    "record_transfer": "record_transfer",
    "storage_url": NULL,
}
RECORDS = Fields(Record, SOURCES)
# For those who may have links: in the place of a link what it is made from, where the client has links in its lists.
RECORDS_WITH_LINKS = RECORDS.replaced(
    storage_url=Sql(
        "case when {} ->> 'storage_links' = 'in_lists' then {}::text || ':' || {} || ':' || {} || ':' || {} end",
        "client__settings",
        "uuid",
        "generation",
        "client_id",
        "client__link_generation",
    )
)

from django.db import migrations

from portal.holds.walls import CALL, OF_CALL, PERIOD, refuse_held

ITSELF = "h.kind = 'record' and h.uuid = gone.uuid"
PLAIN_REV = "reverse(regexp_replace(coalesce(gone.{}, ''), '[^0-9A-Za-z]', '', 'g'))"
NUMBERS = f"{PLAIN_REV.format('caller_number')}, {PLAIN_REV.format('dialled')}"


class Migration(migrations.Migration):
    dependencies = [("records", "0006_trash_by_time"), ("cdrs", "0004_held")]
    operations = [
        refuse_held("records_record", f"{ITSELF} or {OF_CALL} or {PERIOD}", joins=CALL),
        refuse_held(
            "records_voicemessage", f"{ITSELF} or {PERIOD} or h.kind = 'number' and h.plain_rev in ({NUMBERS})"
        ),
    ]

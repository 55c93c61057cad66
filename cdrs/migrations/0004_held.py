from django.db import migrations

from portal.holds.walls import CALL, OF_CALL, PERIOD, refuse_held


class Migration(migrations.Migration):
    dependencies = [("cdrs", "0003_live_events"), ("holds", "0002_wall")]
    operations = [
        refuse_held(
            "cdrs_call",
            "h.kind = 'call' and h.call_id = gone.id"
            " or h.kind = 'number' and h.plain_rev in (gone.caller_plain_rev, gone.called_plain_rev)",
        ),
        refuse_held("cdrs_leg", f"{OF_CALL} or {PERIOD}", joins=CALL),
    ]

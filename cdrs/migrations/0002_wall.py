from django.db import migrations

from portal.access.isolation import isolate, same_client


class Migration(migrations.Migration):
    dependencies = [("cdrs", "0001_initial")]
    operations = [
        *[isolate(f"cdrs_{name}") for name in ("call", "leg", "participant", "callevent", "daycount", "tombstone")],
        same_client("cdrs_leg", "call_id", "cdrs_call", on_delete="cascade"),
        same_client("cdrs_participant", "call_id", "cdrs_call", on_delete="cascade"),
        same_client("cdrs_callevent", "call_id", "cdrs_call", on_delete="cascade"),
    ]

from django.db import migrations

from portal.access.isolation import isolate, let_finder_read, look_up, same_client


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial"), ("cdrs", "0002_wall"), ("clients", "0002_wall")]
    operations = [
        *[isolate(f"records_{name}") for name in ("record", "voicemessage", "capture", "mediafile", "daytotal")],
        same_client("records_record", "call_id", "cdrs_call"),
        same_client("records_record", "leg_id", "cdrs_leg"),
        same_client("records_capture", "call_id", "cdrs_call"),
        same_client("records_mediafile", "record_id", "records_record", on_delete="cascade"),
        same_client("records_mediafile", "voicemessage_id", "records_voicemessage", on_delete="cascade"),
        let_finder_read("records_record"),
        let_finder_read("records_voicemessage"),
        # A storage link is checked before its tenant is bound: the generations its HMAC was made with, and no more.
        look_up(
            "link_generations",
            "wanted_client bigint, wanted_uuid uuid",
            "table (record_generation integer, client_generation integer, storage_links text)",
            "select h.generation, c.link_generation, c.settings ->> 'storage_links' from clients_client c join"
            " (select generation, client_id from records_record"
            "   where client_id = wanted_client and uuid = wanted_uuid and state = 'available'"
            "  union all select generation, client_id from records_voicemessage"
            "   where client_id = wanted_client and uuid = wanted_uuid and state = 'available') h"
            " on h.client_id = c.id where c.id = wanted_client and c.status = 'active'",
        ),
    ]

from django.db import migrations

from portal.access.isolation import isolate, let_finder_read, look_up


class Migration(migrations.Migration):
    dependencies = [("records", "0004_trash"), ("records", "0002_wall")]
    operations = [
        *[isolate(f"records_{name}") for name in ("deletion", "trashed")],
        let_finder_read("records_trashed"),
        # As before, but what is in the trash has no links, from the moment of its deletion on.
        look_up(
            "link_generations",
            "wanted_client bigint, wanted_uuid uuid",
            "table (record_generation integer, client_generation integer, storage_links text)",
            "select h.generation, c.link_generation, c.settings ->> 'storage_links' from clients_client c join"
            " (select r.generation, r.client_id from records_record r"
            "   where r.client_id = wanted_client and r.uuid = wanted_uuid and r.state = 'available' and not exists"
            "    (select from records_trashed t where t.client_id = wanted_client and t.record_id = r.id)"
            "  union all select v.generation, v.client_id from records_voicemessage v"
            "   where v.client_id = wanted_client and v.uuid = wanted_uuid and v.state = 'available' and not exists"
            "    (select from records_trashed t where t.client_id = wanted_client and t.voicemessage_id = v.id)) h"
            " on h.client_id = c.id where c.id = wanted_client and c.status = 'active'",
        ),
    ]

from django.db import migrations

from portal.access.isolation import isolate, let_finder_read, look_up, same_client


class Migration(migrations.Migration):
    dependencies = [("archives", "0001_initial"), ("records", "0007_held"), ("clients", "0004_outside_numbers")]
    operations = [
        *[isolate(f"archives_{name}") for name in ("archive", "archivemember", "archivemark")],
        same_client("archives_archive", "extension_id", "clients_extension"),
        same_client("archives_archivemark", "archive_id", "archives_archive", on_delete="cascade"),
        let_finder_read("archives_archive"),
        # A link is checked before its tenant is bound: the generations its HMAC was made with, and no more.
        look_up(
            "archive_link",
            "wanted_client bigint, wanted_uuid uuid",
            "table (archive_id bigint, generation integer, client_generation integer)",
            "select a.id, a.generation, c.link_generation from archives_archive a"
            " join clients_client c on c.id = a.client_id"
            " where a.client_id = wanted_client and a.uuid = wanted_uuid and c.status = 'active'",
        ),
        # Whose archives a worker is to look at: the sweeper asks nobody else.
        look_up(
            "clients_with_archives_due",
            "due_by timestamptz",
            "setof bigint",
            "select distinct client_id from archives_archive where due_at <= due_by",
        ),
    ]

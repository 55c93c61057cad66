from django.db import migrations

from portal.access.isolation import isolate, let_finder_read, look_up


class Migration(migrations.Migration):
    dependencies = [("person", "0001_initial"), ("clients", "0002_wall")]
    operations = [
        isolate("person_erasure"),
        let_finder_read("person_erasure"),
        # Whose erasures a worker is to look at: the sweeper asks nobody else.
        look_up(
            "clients_with_erasures_due",
            "due_by timestamptz",
            "setof bigint",
            "select distinct client_id from person_erasure where due_at <= due_by",
        ),
    ]

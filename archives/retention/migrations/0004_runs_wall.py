from django.db import migrations

from portal.access.isolation import isolate, let_finder_read, look_up, same_client


class Migration(migrations.Migration):
    dependencies = [("retention", "0003_runs"), ("clients", "0004_outside_numbers")]
    operations = [
        isolate("retention_grouppolicy"),
        isolate("retention_run"),
        same_client("retention_grouppolicy", "group_id", "clients_extensiongroup", on_delete="cascade"),
        let_finder_read("retention_run"),
        # Whose runs a worker is to go over: the sweeper asks nobody else.
        look_up(
            "clients_with_runs_due",
            "due_by timestamptz",
            "setof bigint",
            "select distinct client_id from retention_run where finished_at is null and next_at <= due_by",
        ),
    ]

from django.db import migrations

from portal.access.isolation import isolate, let_finder_read, same_client


class Migration(migrations.Migration):
    dependencies = [("clients", "0001_initial")]
    operations = [
        isolate("clients_client", "id", operator_reads=True),
        isolate("clients_extensiongroup"),
        isolate("clients_extension"),
        let_finder_read("clients_client"),
        same_client("clients_extension", "group_id", "clients_extensiongroup"),
        # A program in use takes the first six characters of a record_uuid for the extension's id.
        migrations.RunSQL("alter table clients_extension alter column id restart with 100001", migrations.RunSQL.noop),
    ]

from django.db import migrations

from portal.access.isolation import isolate, same_client


class Migration(migrations.Migration):
    dependencies = [("holds", "0001_initial"), ("clients", "0002_wall")]
    operations = [isolate("holds_hold"), same_client("holds_hold", "extension_id", "clients_extension")]

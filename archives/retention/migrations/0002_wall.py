from django.db import migrations

from portal.access.isolation import isolate


class Migration(migrations.Migration):
    dependencies = [("retention", "0001_initial"), ("clients", "0002_wall")]
    operations = [isolate("retention_gone"), isolate("retention_certificate")]

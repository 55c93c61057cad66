from django.db import migrations

from portal.access.isolation import isolate


class Migration(migrations.Migration):
    dependencies = [("intake", "0001_initial")]
    operations = [isolate(f"intake_{name}") for name in ("importrun", "rawfact", "quarantinedmedia")]

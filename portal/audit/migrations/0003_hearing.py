from django.db import migrations

from portal.access.isolation import let_finder_read, look_up


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_wall")]
    operations = [
        let_finder_read("audit_hearing"),
        look_up("audit_hearing_clients", "", "setof bigint", "select distinct client_id from audit_hearing"),
    ]

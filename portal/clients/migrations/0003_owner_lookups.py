from django.db import migrations

from portal.access.isolation import let_finder_read, look_up


class Migration(migrations.Migration):
    dependencies = [("clients", "0002_wall")]
    operations = [
        let_finder_read("clients_extensiongroup"),
        let_finder_read("clients_extension"),
        # `create_user --group 7` names no client: whose it is, and no more.
        look_up(
            "client_of_group",
            "wanted bigint",
            "bigint",
            "select client_id from clients_extensiongroup where id = wanted",
        ),
        look_up(
            "client_of_extension",
            "wanted bigint",
            "bigint",
            "select client_id from clients_extension where id = wanted",
        ),
    ]

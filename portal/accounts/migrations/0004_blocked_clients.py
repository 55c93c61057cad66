"""A session of a blocked client's user finds nobody. Logins stay known: they are taken, whoever is blocked."""

from django.db import migrations

from portal.access.isolation import look_up


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_planned_once"), ("clients", "0002_wall")]
    operations = [
        look_up(
            "user_by_id",
            "wanted bigint",
            "setof accounts_user",
            "select u.* from accounts_user u left join clients_client c on c.id = u.client_id"
            " where u.id = wanted and coalesce(c.status = 'active', true)",
        ),
    ]

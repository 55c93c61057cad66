from django.db import migrations

from portal.access.isolation import isolate, let_finder_read, look_up, same_client


class Migration(migrations.Migration):
    dependencies = [("live", "0001_initial")]
    operations = [
        isolate("live_subscription"),
        isolate("live_delivery"),
        same_client("live_delivery", "subscription_id", "live_subscription", on_delete="cascade"),
        let_finder_read("live_delivery"),
        # The sweeper knows no client: whose messages it must look at, and no more.
        look_up(
            "clients_with_deliveries",
            "due timestamptz, old timestamptz",
            "setof bigint",
            "select client_id from live_delivery where status = 'waiting' and due_at <= due"
            " union select client_id from live_delivery where status <> 'waiting' and finished_at < old",
        ),
    ]

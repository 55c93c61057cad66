"""How a recording is found again without a look at its call: see records.ingest.parties."""

from django.db import migrations, models
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from portal.access.at_once import at_once


def begun():
    return Coalesce("started_at", "init_time")


def utc_day(moment):
    return models.Func(moment, output_field=models.DateField(), template="(%(expressions)s at time zone 'UTC')::date")


WHOLE_SECOND = "(date_trunc('second', %(expressions)s at time zone 'UTC') at time zone 'UTC')"


class Migration(migrations.Migration):
    dependencies = [("records", "0007_held"), ("cdrs", "0004_held"), ("clients", "0004_outside_numbers")]
    operations = at_once(
        *(
            migrations.AddField("record", name, models.TextField(null=True))
            for name in ("agent", "outside", "line", "queue_id", "queue_name")
        ),
        migrations.AddField(
            model_name="record",
            name="route",
            field=models.CharField(
                choices=[("queue", "Queue"), ("direct", "Direct"), ("out", "Out")], max_length=6, null=True
            ),
        ),
        migrations.AddField("record", "ended_at", models.DateTimeField(null=True)),
        migrations.AddField(
            model_name="record",
            name="began_at",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Func(begun(), output_field=models.DateTimeField(), template=WHOLE_SECOND),
                output_field=models.DateTimeField(null=True),
            ),
        ),
        migrations.AddField(
            model_name="record",
            name="overnight",
            field=models.GeneratedField(
                db_persist=True,
                expression=~models.Q(Exact(utc_day(begun()), utc_day(models.F("init_time")))),
                output_field=models.BooleanField(null=True),
            ),
        ),
    )

from django.db import migrations, models

from portal.access.at_once import at_once

HEARABLE = models.Q(state="available")
SOUGHT_BY = (
    *("agent", "outside", "line", "queue_id", "queue_name", "case_id", "account_number", "transaction_id"),
    *("ext_var1", "ext_var2", "out_dial_code", "wrap_up_code"),
)


def fits_index(column):
    fits = "octet_length(%(expressions)s) <= 1000"
    return models.Q(models.Func(models.F(column), output_field=models.BooleanField(), template=fits))


def index(name, *fields, condition=HEARABLE):
    return migrations.AddIndex(
        "record", models.Index(fields=["client", *fields], name=f"record_{name}", condition=condition)
    )


class Migration(migrations.Migration):
    dependencies = [("records", "0009_decide_parties")]
    operations = at_once(
        index("by_beginning", "began_at", "id"),
        index("by_end", "ended_at"),
        index("overnight", "id", condition=HEARABLE & models.Q(overnight=True)),
        index("by_route", "route", "began_at", "id"),
        *(index(f"by_{name}", name, "began_at", "id", condition=HEARABLE & fits_index(name)) for name in SOUGHT_BY),
    )

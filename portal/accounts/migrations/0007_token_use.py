from django.db import migrations, models

from portal.access.at_once import at_once


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_limits_in_lookup"),
    ]

    operations = at_once(
        migrations.AddField(
            model_name="accesstoken",
            name="granted_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="accesstoken",
            name="used_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    )

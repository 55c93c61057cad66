from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_limits_in_lookup"),
    ]

    operations = [
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
    ]

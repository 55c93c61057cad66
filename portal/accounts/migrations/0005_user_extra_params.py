from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_blocked_clients"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="extra_params",
            field=models.TextField(blank=True),
        ),
    ]

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0014_retention"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="trashed",
            options={"ordering": ["-at", "-id"], "verbose_name": "deleted thing", "verbose_name_plural": "trash"},
        ),
    ]

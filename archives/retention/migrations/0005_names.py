from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("retention", "0004_runs_wall"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="run",
            options={"ordering": ["-id"], "verbose_name": "retention run", "verbose_name_plural": "retention runs"},
        ),
    ]

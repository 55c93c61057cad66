from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0006_refusal"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="entry",
            options={
                "ordering": ["-at", "-id"],
                "verbose_name": "ledger entry",
                "verbose_name_plural": "ledger entries",
            },
        ),
    ]

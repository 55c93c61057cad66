from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("intake", "0005_forgetting"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="quarantinedmedia",
            options={"ordering": ["-id"], "verbose_name_plural": "quarantined media"},
        ),
    ]

"""Outside numbers; and the number of a retired extension is free again."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

from portal.access.at_once import at_once
from portal.access.isolation import isolate, same_client


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0003_owner_lookups"),
    ]

    operations = at_once(
        migrations.CreateModel(
            name="Did",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "number",
                    models.CharField(
                        max_length=60,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^\\+?[0-9A-Za-z][0-9A-Za-z._-]*$",
                                "Digits or letters without spaces are needed; a + may begin them.",
                            )
                        ],
                    ),
                ),
                (
                    "domain",
                    models.CharField(
                        blank=True,
                        max_length=200,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[0-9A-Za-z._-]+(:[0-9]{1,5})?$", "A name like sip.example.com is needed."
                            )
                        ],
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "outside number",
                "verbose_name_plural": "outside numbers",
                "ordering": ["number", "id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="extension",
            name="extension_number_in_client",
        ),
        migrations.AddField(
            model_name="extensiongroup",
            name="extra_params",
            field=models.TextField(blank=True),
        ),
        migrations.AddIndex(
            model_name="extension",
            index=models.Index(fields=["client", "number"], name="extension_by_number"),
        ),
        migrations.AddConstraint(
            model_name="extension",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "retired"), _negated=True),
                fields=("client", "number"),
                name="extension_number_in_client",
            ),
        ),
        migrations.AddField(
            model_name="did",
            name="client",
            field=models.ForeignKey(
                db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to="clients.client"
            ),
        ),
        migrations.AddField(
            model_name="did",
            name="extension",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="dids",
                to="clients.extension",
            ),
        ),
        migrations.AddIndex(
            model_name="did",
            index=models.Index(fields=["client", "extension"], name="did_by_extension"),
        ),
        migrations.AddConstraint(
            model_name="did",
            constraint=models.UniqueConstraint(models.F("client"), models.F("number"), name="did_number_in_client"),
        ),
        migrations.AddConstraint(
            model_name="did",
            constraint=models.UniqueConstraint(models.F("client"), models.F("id"), name="did_id_in_client"),
        ),
        isolate("clients_did"),
        same_client("clients_did", "extension_id", "clients_extension"),
    )

import django.contrib.postgres.indexes
import django.db.models.deletion
from django.contrib.postgres.operations import BtreeGinExtension, TrigramExtension
from django.db import migrations, models

from portal.access.isolation import finder_view, isolate, let_finder_read, same_client

# What can be heard already: as records.ingest.recorded keeps it, client by client since the owner is bound like all.
FILL = r"""
do $body$
declare one bigint;
begin
    set constraints all immediate;  -- the indexes, which are made last, would not wait for the keys' checks
    perform set_config('portal.operator', 'on', true);
    foreach one in array array(select id from clients_client) loop
        perform set_config('portal.client_ids', one::text, true);
        insert into records_recordedcall
               (client_id, call_id, started_at, ended_at, caller_plain_rev, called_plain_rev, names)
        select c.client_id, c.id, c.started_at, coalesce(c.ended_at, greatest(c.started_at, h.ended_at)),
               c.caller_plain_rev, c.called_plain_rev, n.names
          from cdrs_call c
         cross join lateral (
               select max(ended_at) as ended_at
                 from records_record where client_id = one and call_id = c.id and state = 'available') h
         cross join lateral (
               select coalesce(E'\n' || string_agg(distinct t.name, E'\n') || E'\n', '') as names
                 from cdrs_participant p
                cross join lateral (values (p.user_name), (p.first_name), (p.last_name)) as said(name)
                cross join lateral (select lower(translate(said.name, E'\n', ' ')) as name) t
                where p.client_id = one and p.call_id = c.id and t.name <> '') n
         where c.client_id = one and c.recordings > 0;
    end loop;
    perform set_config('portal.client_ids', '', true), set_config('portal.operator', '', true);
end $body$
"""


class Migration(migrations.Migration):
    dependencies = [("cdrs", "0004_held"), ("clients", "0004_outside_numbers"), ("records", "0011_certificate")]
    operations = [
        # Of PostgreSQL's contrib; both are trusted, so the owner of a database may make them.
        TrigramExtension(),
        BtreeGinExtension(),
        migrations.CreateModel(
            name="RecordedCall",
            fields=[
                (
                    "call",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="recorded",
                        serialize=False,
                        to="cdrs.call",
                    ),
                ),
                ("started_at", models.DateTimeField()),
                (
                    "ended_at",
                    models.DateTimeField(help_text="the call's end; where it is unknown, that of its last recording"),
                ),
                ("caller_plain_rev", models.TextField()),
                ("called_plain_rev", models.TextField()),
                ("names", models.TextField()),
                (
                    "client",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="clients.client",
                    ),
                ),
            ],
            options={
                "ordering": ["started_at", "call_id"],
                "indexes": [
                    models.Index(fields=["client", "started_at", "call"], name="recorded_by_time"),
                    models.Index(
                        fields=["client", "caller_plain_rev"],
                        name="recorded_caller_rev",
                        opclasses=["int8_ops", "text_pattern_ops"],
                    ),
                    models.Index(
                        fields=["client", "called_plain_rev"],
                        name="recorded_called_rev",
                        opclasses=["int8_ops", "text_pattern_ops"],
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["client", "caller_plain_rev", "called_plain_rev", "names"],
                        name="recorded_by_text",
                        opclasses=["int8_ops", "gin_trgm_ops", "gin_trgm_ops", "gin_trgm_ops"],
                    ),
                ],
            },
        ),
        isolate("records_recordedcall"),
        let_finder_read("records_recordedcall"),
        finder_view("records_foundcall", "records_recordedcall"),
        same_client("records_recordedcall", "call_id", "cdrs_call", on_delete="cascade"),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]

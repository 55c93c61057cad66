"""The parties of the recordings that are there already, of all clients.

The walls are opened to the tables' owner meanwhile, in this transaction alone. It is not the one that adds the columns:
rows that it wrote anew would have their foreign keys checked, and a table with checks to come cannot be altered.
"""

from django.db import migrations

TABLES = ("records_record", "cdrs_call", "cdrs_leg", "clients_extension")
INWARD = "w.direction in ('in', 'webcall')"
DECIDE = f"""
update records_record r set
    route = case when {INWARD} then case when coalesce(w.queue_id, w.queue_name) is null then 'direct' else 'queue' end
        else 'out' end,
    agent = coalesce(r.agent_id, x.number),
    outside = case when {INWARD} then w.caller_number else w.called_number end,
    line = case when {INWARD} then coalesce(w.did, w.called_number) end,
    queue_id = case when {INWARD} then w.queue_id end,
    queue_name = case when {INWARD} then w.queue_name end,
    ended_at = coalesce(r.stopped_at, r.started_at + r.seconds * interval '1 second', l.hangup_time,
        r.init_time + r.seconds * interval '1 second')
  from records_record known
  join cdrs_call w on w.client_id = known.client_id and w.id = known.call_id
  left join cdrs_leg l on l.client_id = known.client_id and l.id = known.leg_id
  left join clients_extension x on x.client_id = known.client_id and x.id = known.extension_id
 where r.client_id = known.client_id and r.id = known.id
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0008_parties")]
    operations = [
        migrations.RunSQL(
            [f"alter table {table} no force row level security" for table in TABLES]
            + [DECIDE, "set constraints all immediate"]
            + [f"alter table {table} force row level security" for table in TABLES],
            migrations.RunSQL.noop,
        ),
    ]

from django.db import migrations

from portal.access.isolation import isolate, let_finder_read, look_up

TABLES = ("entry", "waiting", "link", "head", "hearing")
# One client after the other along the index, however long their chains are.
CHAINS = """
with recursive chains (client) as (
    (select client_id from audit_link where client_id is not null order by client_id limit 1)
    union all
    select (select l.client_id from audit_link l where l.client_id > c.client order by l.client_id limit 1)
      from chains c where c.client is not null)
select client from chains where client is not null
union all select null where exists (select from audit_link where client_id is null)
union all select distinct w.client_id from audit_waiting w
 where not exists (select from audit_link l where l.client_id is not distinct from w.client_id)
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("clients", "0002_wall")]
    operations = [
        *[isolate(f"audit_{name}", operator_writes=True) for name in TABLES],
        let_finder_read("audit_waiting"),
        let_finder_read("audit_link"),
        look_up("audit_waiting_clients", "", "setof bigint", "select distinct client_id from audit_waiting"),
        look_up("audit_chains", "", "setof bigint", CHAINS),
    ]

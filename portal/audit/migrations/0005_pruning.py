from django.db import migrations

from portal.access.isolation import BOUND, OPERATOR, let_finder, narrow_deed

AGE = "interval '30 days'"
# The bound client; 0: the installation, whose rows have none.
MINE = f"coalesce({BOUND}, case when {OPERATOR} then 0 end)"
PRUNE = f"""
declare
    mine bigint := {MINE};
    whose text := case when mine = 0 then 'client_id is null and $1 = 0' else 'client_id = $1' end;
    upto bigint; digest bytea; found_digest bytea; ids bigint[]; links bigint; gone bigint;
begin
    execute format('select position, hash from audit_head where id = $2 and checkpoint and %s', whose)
       into upto, digest using mine, checkpoint;
    if upto is null then
        raise exception 'there is no such checkpoint' using errcode = 'insufficient_privilege';
    end if;
    execute format('select array(select entry_id from audit_link where %s and position <= $2 order by position limit $3)', whose)
       into ids using mine, upto, most;
    if ids = '{{}}' then
        return 0;
    end if;
    -- They go from the beginning on, so that the link of the checkpoint itself is there until the last of them goes.
    execute format('select hash from audit_link where %s and position = $2', whose) into found_digest using mine, upto;
    if found_digest is distinct from digest then
        raise exception 'the checkpoint does not fit the chain' using errcode = 'insufficient_privilege';
    end if;
    delete from audit_link where entry_id = any(ids);
    get diagnostics links = row_count;
    delete from audit_entry where id = any(ids);
    get diagnostics gone = row_count;
    if gone <> links or gone <> cardinality(ids) then
        raise exception 'an entry is too young to be pruned, or is missing' using errcode = 'insufficient_privilege';
    end if;
    return gone;
end
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_one_condition")]
    operations = [
        # Beside the policy of the tenant, for everybody whom policies bind: the owner of the table too.
        migrations.RunSQL(
            f"create policy young_ones_stay on audit_entry as restrictive for delete using (at < now() - {AGE})",
            "drop policy young_ones_stay on audit_entry",
        ),
        let_finder("select, delete", "audit_entry"),
        let_finder("delete", "audit_link"),
        let_finder("select", "audit_head"),
        narrow_deed("audit_prune", "checkpoint bigint, most bigint", "bigint", PRUNE),
    ]

"""The SQL that turns a told batch, in two temporary tables of numbers, into rows."""

SOURCE = "generate_calls"

TABLES = """
create temp table if not exists told_call (
    id bigint not null default nextval({call_ids}), place bigint, direction bigint, started bigint, answered bigint,
    ended bigint, result bigint, customer bigint, extension bigint, recordings bigint
);
create temp table if not exists told_leg (
    id bigint not null default nextval({leg_ids}), call bigint, place bigint, flow bigint, init bigint, ring bigint,
    talk bigint, result bigint, extension bigint, extension_id bigint, group_id bigint, ended_by bigint, clip bigint,
    heard bigint, message bigint
)
"""

CALLS = """
insert into cdrs_call (id, client_id, call_uuid, source, source_id, direction, started_at, answered_at, ended_at,
    result, caller_number, caller_name, called_number, called_name, did, queue_id, queue_name, recordings, facts_hash,
    created_at)
select id, %(client_id)s, md5(%(slug)s || source_id)::uuid, %(source)s, source_id,
    (%(directions)s::text[])[direction + 1],
    to_timestamp(started), to_timestamp(nullif(answered, -1)), to_timestamp(ended), (%(results)s::text[])[result + 1],
    case direction when 0 then other else extension::text end, case direction when 0 then name end,
    case direction when 0 then extension::text else other end, case direction when 0 then null else name end,
    case direction when 0 then %(did)s end,
    case when direction = 0 and customer %% 3 = 0 then '1' end,
    case when direction = 0 and customer %% 3 = 0 then 'Service line' end,
    recordings, decode(md5(source_id), 'hex'), now()
from (
    select c.*, %(batch)s || place as source_id, case direction when 2 then '' else '+' end || customer as other,
        case when direction <> 2 and customer %% 5 < 3 then
            (%(first_names)s::text[])[customer %% %(first_count)s + 1] || ' '
                || (%(last_names)s::text[])[customer %% %(last_count)s + 1]
        end as name
    from told_call c
) told
order by place
"""

LEGS = """
insert into cdrs_leg (id, client_id, call_id, extension_id, group_id, source, source_id, flow, init_time, start_time,
    hangup_time, duration, billsec, result, hangup_cause, hangup_disposition, from_username, from_domain,
    from_screen_name, to_username, to_domain, source_number, source_domain, dest_number, dest_domain, did_number,
    did_domain, ani_number, ext_number_reg, application, context, clid, src_codec, dst_codec, disposition)
select id, %(client_id)s, call_id, extension_id, group_id, %(source)s, source_id, (%(flows)s::text[])[flow + 1],
    to_timestamp(init), case when talk > 0 then to_timestamp(init + ring) end, to_timestamp(init + ring + talk),
    ring + talk, talk, (%(results)s::text[])[result + 1],
    case when result = 3 then 'USER_BUSY' when talk > 0 then 'NORMAL_CLEARING' else 'NO_ANSWER' end,
    case when talk = 0 then 'caller_cancel' when ended_by = 0 then 'caller_bye' else 'callee_bye' end,
    caller, caller_domain, case direction when 0 then caller else 'Extension ' || caller end, called, called_domain,
    caller, caller_domain, called, called_domain,
    case direction when 0 then %(did)s end, case direction when 0 then %(domain)s end, caller, %(prefix)s || extension,
    case when talk > 0 then 'Dial' else 'Queue' end, case direction when 0 then 'from-trunk' else 'from-internal' end,
    '"' || caller || '" <' || caller || '>', 'PCMA', case when talk > 0 then 'opus' end,
    case when talk > 0 then 'ANSWERED' when result = 3 then 'BUSY' else 'NO ANSWER' end
from (
    select l.*, c.id as call_id, c.direction, %(batch)s || l.call || '.' || l.place as source_id,
        case c.direction when 0 then '+' || c.customer else l.extension::text end as caller,
        case c.direction when 0 then l.extension::text when 1 then '+' || c.customer else c.customer::text end
            as called,
        case c.direction when 0 then 'trunk.example' else %(domain)s end as caller_domain,
        case c.direction when 1 then 'trunk.example' else %(domain)s end as called_domain
    from told_leg l join told_call c on c.place = l.call
) told
order by init, id
"""

COUNTS = """
insert into cdrs_daycount as kept (client_id, day, extension_id, group_id, legs, answered, billsec)
select %(client_id)s, (to_timestamp(init) at time zone 'UTC')::date as day, extension_id, group_id, count(*),
    count(*) filter (where result = %(answered)s), sum(talk)
from told_leg group by day, extension_id, group_id order by day, extension_id, group_id
on conflict (client_id, day, extension_id, group_id) do update set
    legs = kept.legs + excluded.legs, answered = kept.answered + excluded.answered,
    billsec = kept.billsec + excluded.billsec
"""

# Of sound: a clip's own size, length and sketch, or those that an mp3 of 16 kbit/s of that length would have.
RECORDS = """
insert into records_record (client_id, uuid, source, source_id, extension_id, group_id, init_time, file_name, state,
    size, seconds, sketch, facts_hash, findings, generation, created_at, leg_id, call_id, leg_source_id,
    call_source_id, started_at, stopped_at, channels, record_transfer, codec, ended_at, agent, route, outside, line,
    queue_id, queue_name)
select %(client_id)s, md5(%(slug)s || source_id || 'r')::uuid, %(source)s, 'r' || source_id, extension_id, group_id,
    to_timestamp(init),
    to_char(to_timestamp(init) at time zone 'UTC', 'YYYY-MM-DD-HH24-MI-SS') || '-UTC_' || (%(flows)s::text[])[flow + 1]
        || '_' || extension || '_' || translate(left(md5(source_id), 4), '0123456789', 'qrstuvwxyz') || '.mp3',
    'available', coalesce((%(clip_sizes)s::bigint[])[clip + 1], talk * 2000),
    coalesce((%(clip_seconds)s::float8[])[clip + 1], talk),
    coalesce((%(clip_sketches)s::bytea[])[clip + 1],
        decode(md5(source_id) || md5(source_id || 'a') || md5(source_id || 'b'), 'hex')),
    decode(md5(source_id), 'hex'), '{}', 1, now(), id, call_id, source_id, %(batch)s || call, to_timestamp(init + ring),
    to_timestamp(init + ring + talk), '{"left": "customer", "right": "agent"}', flow = 2, 'mp3',
    to_timestamp(init + ring + talk), extension::text,
    case when direction <> 0 then 'out' when queued then 'queue' else 'direct' end, other,
    case direction when 0 then %(did)s end, case when queued then '1' end, case when queued then 'Service line' end
from (
    select l.*, c.id as call_id, %(batch)s || l.call || '.' || l.place as source_id, c.direction,
        case direction when 2 then '' else '+' end || customer as other, direction = 0 and customer %% 3 = 0 as queued
    from told_leg l join told_call c on c.place = l.call where l.heard = 1
) told
order by init, id
"""

# As records.ingest.recorded keeps them; nobody told who took part.
FOUND = """
insert into records_recordedcall (client_id, call_id, started_at, ended_at, caller_plain_rev, called_plain_rev, names)
select client_id, id, started_at, ended_at, caller_plain_rev, called_plain_rev, ''
from cdrs_call where client_id = %(client_id)s and id in (select id from told_call where recordings > 0)
order by started_at, id
"""

MESSAGES = """
insert into records_voicemessage (client_id, uuid, source, source_id, extension_id, group_id, init_time, file_name,
    state, size, seconds, sketch, facts_hash, findings, generation, created_at, caller_number, callerid, dialled,
    duration, folder, is_new)
select %(client_id)s, md5(%(slug)s || source_id || 'v')::uuid, %(source)s, 'v' || source_id, extension_id, group_id,
    to_timestamp(init + ring), 'msg' || lpad((id %% 10000)::text, 4, '0') || '.mp3',
    'available', coalesce((%(clip_sizes)s::bigint[])[clip + 1], talk * 2000),
    coalesce((%(clip_seconds)s::float8[])[clip + 1], talk),
    coalesce((%(clip_sketches)s::bytea[])[clip + 1],
        decode(md5(source_id) || md5(source_id || 'a') || md5(source_id || 'b'), 'hex')),
    decode(md5(source_id), 'hex'), '{}', 1, now(), '+' || customer, '+' || customer, extension::text, talk,
    case ended_by when 0 then 'INBOX' else 'Old' end, ended_by = 0
from (
    select l.*, c.customer, %(batch)s || l.call || '.' || l.place as source_id
    from told_leg l join told_call c on c.place = l.call where l.message = 1
) told
order by init, id
"""

TOTALS = """
insert into records_daytotal as kept (client_id, kind, day, extension_id, group_id, files, bytes)
select %(client_id)s, kind, day, extension_id, group_id, count(*), sum(size)
from (
    select 'record' as kind, (to_timestamp(init) at time zone 'UTC')::date as day, extension_id, group_id,
        coalesce((%(clip_sizes)s::bigint[])[clip + 1], talk * 2000) as size
    from told_leg where heard = 1
    union all
    select 'voicemessage', (to_timestamp(init + ring) at time zone 'UTC')::date, extension_id, group_id,
        coalesce((%(clip_sizes)s::bigint[])[clip + 1], talk * 2000)
    from told_leg where message = 1
) things
group by kind, day, extension_id, group_id order by kind, day, extension_id, group_id
on conflict (client_id, kind, day, extension_id, group_id) do update set
    files = kept.files + excluded.files, bytes = kept.bytes + excluded.bytes
"""

from django.db import migrations

from portal.access.isolation import isolate, let_finder_read, look_up

BEARER = (
    "table (scope text, live boolean, client_id bigint, client_active boolean, client_timezone text,"
    " application_id bigint, application_name text, application_active boolean, application_access text,"
    " application_scopes text, application_group_id bigint, application_extension_id bigint,"
    " user_id bigint, user_login text, user_active boolean, user_level text, user_read_only boolean,"
    " user_group_id bigint, user_extension_id bigint)"
)
USER = (
    "u.id, u.login, coalesce(u.status = 'active', true), u.level, coalesce(u.read_only, false),"
    " u.group_id, u.extension_id"
)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("clients", "0002_wall")]
    operations = [
        isolate("accounts_user", operator_writes=True),
        isolate("accounts_application", "tenant_id"),
        isolate("accounts_accesstoken", "tenant_id"),
        isolate("accounts_refreshtoken", "tenant_id"),
        isolate("accounts_grant", "tenant_id"),
        isolate("accounts_idtoken", "tenant_id"),
        isolate("accounts_doortoken"),
        let_finder_read("accounts_user"),
        let_finder_read("accounts_application"),
        let_finder_read("accounts_accesstoken"),
        let_finder_read("accounts_doortoken"),
        look_up(
            "user_by_login",
            "wanted text",
            "setof accounts_user",
            "select * from accounts_user where login = wanted",
        ),
        look_up(
            "user_by_id",
            "wanted bigint",
            "setof accounts_user",
            "select * from accounts_user where id = wanted",
        ),
        look_up(
            "application_by_client_id",
            "wanted text",
            "setof accounts_application",
            "select * from accounts_application where client_id = wanted",
        ),
        look_up(
            "bearer_by_checksum",
            "wanted text",
            BEARER,
            "select t.scope, t.expires > now(), c.id, c.status = 'active', c.timezone, a.id, a.name,"
            " a.status = 'active', a.access, a.scopes, a.group_id, a.extension_id, "
            + USER
            + " from accounts_accesstoken t join accounts_application a on a.id = t.application_id"
            " join clients_client c on c.id = a.tenant_id left join accounts_user u on u.id = t.user_id"
            " where t.token_checksum = wanted",
        ),
        look_up(
            "door_token_by_checksum",
            "wanted text, wanted_dialect text",
            BEARER,
            "select 'intake:write', true, c.id, c.status = 'active', c.timezone, null::bigint, ''::text, true,"
            " ''::text, ''::text, null::bigint, null::bigint, "
            + USER
            + " from accounts_doortoken t join accounts_user u on u.id = t.user_id"
            " join clients_client c on c.id = t.client_id"
            " where t.checksum = wanted and t.dialect = wanted_dialect",
        ),
    ]

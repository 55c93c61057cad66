"""The look-up of a token tells the hourly limits too: the API counts each request against them."""

from importlib import import_module

from django.db import migrations

from portal.access.isolation import look_up

BEARER = import_module("portal.accounts.migrations.0002_wall").BEARER.removesuffix(")") + (
    ", client_hourly_limit bigint, application_hourly_limit bigint)"
)
USER = import_module("portal.accounts.migrations.0003_planned_once").USER
# A client's own, where it has one that is a number.
LIMIT = (
    "case when jsonb_typeof(c.settings -> 'hourly_limit') = 'number'"
    " then (c.settings ->> 'hourly_limit')::numeric::bigint end"
)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_user_extra_params")]
    operations = [
        # What a function returns cannot be replaced.
        migrations.RunSQL("drop function bearer_by_checksum(text)", migrations.RunSQL.noop),
        migrations.RunSQL("drop function door_token_by_checksum(text, text)", migrations.RunSQL.noop),
        look_up(
            "bearer_by_checksum",
            "wanted text",
            BEARER,
            "select t.scope, t.expires > now(), c.id, c.status = 'active', c.timezone::text, a.id, a.name::text,"
            f" a.status = 'active', a.access::text, a.scopes, a.group_id, a.extension_id, {USER}, {LIMIT},"
            " a.hourly_limit::bigint"
            " from accounts_accesstoken t join accounts_application a on a.id = t.application_id"
            " join clients_client c on c.id = a.tenant_id left join accounts_user u on u.id = t.user_id"
            " where t.token_checksum = wanted",
            often=True,
        ),
        look_up(
            "door_token_by_checksum",
            "wanted text, wanted_dialect text",
            BEARER,
            "select 'intake:write'::text, true, c.id, c.status = 'active', c.timezone::text, null::bigint, ''::text,"
            f" true, ''::text, ''::text, null::bigint, null::bigint, {USER}, {LIMIT}, null::bigint"
            " from accounts_doortoken t join accounts_user u on u.id = t.user_id"
            " join clients_client c on c.id = t.client_id"
            " where t.checksum = wanted and t.dialect = wanted_dialect",
            often=True,
        ),
    ]

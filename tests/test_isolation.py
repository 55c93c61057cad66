"""Two locks, each tested with the other one open."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError
from django.db import connection
from django.db.utils import ProgrammingError

from archives.models import Archive, ArchiveMark, ArchiveMember
from archives.person.models import Erasure
from archives.retention.certificates import RECORDS, issue, remember
from archives.retention.models import Certificate, GroupPolicy, Run
from cdrs.models import Call, CallEvent, CurrentCall, DayCount, Leg, Participant, Tombstone
from portal import checks
from portal.access.isolation import NotInTransaction, bind, bound, scope
from portal.access.principal import NOBODY, Principal, Reach, whole_client
from portal.access.querysets import owned_models
from portal.access.roles import make_roles
from portal.accounts.models import AccessToken, Application, DoorToken, Grant, IDToken, RefreshToken, User
from portal.audit import heads, ledger
from portal.audit.actions import Action
from portal.audit.models import Hearing
from portal.audit.refusals import refused
from portal.clients.models import Client, Did, Extension, ExtensionGroup
from portal.holds.placing import on_extension, place
from portal.intake.models import ImportRun, QuarantinedMedia, RawFact
from portal.live.models import Delivery, Subscription
from portal.mail.outbox import Letter, post
from records.deletion import trash
from records.models import Capture, DayTotal, Deletion, MediaFile, Record, VoiceMessage
from tests.factories import NOON, Cast, make_call, make_record, make_voicemessage

pytestmark = pytest.mark.django_db(transaction=True)

# Tables without a client, and why no tenant's data is in them.
SHARED = {
    "django_migrations": "names of migrations",
    "django_content_type": "names of models",
    "django_session": "opaque sessions, found by their random key alone",
    "django_admin_log": "what operators did in admin; operators alone read it",
    "auth_permission": "Django's names of permissions",
    "auth_group": "not used",
    "auth_group_permissions": "not used",
    "oauth2_provider_devicegrant": "not used",
    "media_pendingupload": "storage keys of uploads under way",
    "axes_accessattempt": "throttling is kept in the cache; this stays empty",
    "axes_accessattemptexpiration": "as above",
    "axes_accessfailurelog": "as above",
    "axes_accesslog": "as above",
}


def fill(client: Client, extension: Extension, group: ExtensionGroup, user: User, application: Application) -> None:
    """One row of a client in every owned table."""
    call, leg = make_call(client, extension)
    record = make_record(client, leg, b"sound")
    message = make_voicemessage(client, extension)
    same: dict[str, Any] = {"client": client, "source": "test", "source_id": "x"}
    with scope(client.pk):
        Participant.objects.create(client=client, call=call, occurred_at=NOON, type="User", event="Joined")
        CallEvent.objects.create(**same, call=call, at=NOON, event="hold")
        current = {"call_uuid": call.call_uuid, "leg_uuid": call.call_uuid, "source": "test", "call_key": "x"}
        CurrentCall.objects.create(client=client, flow="in", state="ringing", started_at=NOON, heard_at=NOON, **current)
        heard = {"dialect": "ringme", "moment": "ended", "method": "POST", "url": "https://hooks.example/"}
        subscription = Subscription.objects.create(client=client, extension=extension, **heard)
        sent = {"thread": "x", "happened_at": NOON, "queued_at": NOON, "due_at": NOON}
        Delivery.objects.create(client=client, subscription=subscription, body="", **sent)
        post(client.pk, [Letter("nora@north.example", "Ready", "", call.call_uuid, NOON)])
        DayCount.objects.create(client=client, day=NOON.date())
        DayTotal.objects.create(client=client, kind="record", day=NOON.date())
        Tombstone.objects.create(client=client, kind="call", source="test", source_hash=b"x")
        Capture.objects.create(**same, leg=leg)
        ImportRun.objects.create(client=client, source="asterisk", path="/spool")
        RawFact.objects.create(**same, kind="call", status="accepted", body=b"{}", content_hash=b"x")
        QuarantinedMedia.objects.create(
            **same, kind="recording", key=f"{client.pk}/q", size=1, sha256=b"", reason="pdf"
        )
        DoorToken.make(user, "intake")
        assert trash(VoiceMessage.objects.filter(pk=message.pk), whole_client(client.pk), Deletion.Via.PORTAL)
        Did.objects.create(client=client, number="+442079460001", extension=extension)
        place(on_extension(extension, None, NOON), whole_client(client.pk), "a case")
        common = {"application": application, "user": user, "expires": NOON}
        IDToken.objects.create(**common)
        RefreshToken.objects.create(application=application, user=user, token=f"r{client.pk}")
        Grant.objects.create(**common, code=f"c{client.pk}", redirect_uri="https://example.com", scope="all")
        heard = {"actor_kind": "user", "action": "playback", "target": str(record.uuid), "size": 5}
        Hearing.objects.create(client=client, **heard, began_at=NOON, last_at=NOON)
        issue(client.pk, uuid4(), Certificate.Kind.ERASURE, ledger.portal(client.pk), started_at=NOON, terms={})
        remember(client.pk, uuid4(), RECORDS, [record.uuid], 5)
        GroupPolicy.objects.create(client=client, group=group, cdrs_days=30)
        Run.objects.create(client=client, utc_day=NOON.date(), terms={})
        ledger.note(Action.PLAYBACK, ledger.portal(client.pk))
        archive = Archive.objects.create(client=client, starts_at=NOON, ends_at=NOON, asked_by="a test")
        ArchiveMember.objects.create(client=client, archive=archive, position=0, record=record, at=NOON, name="a.wav")
        ArchiveMark.objects.create(client=client, archive=archive, position=0, offset=0, entry=0)
        refused(client.pk, "page", ("user", user.pk))
        Erasure.objects.create(client=client, number="1", plain_rev="1", via="api", asked_by="a test")
    heads.sign(client.pk)
    with scope(client.pk):
        ledger.note(Action.PLAYBACK, ledger.portal(client.pk))
    assert record.client_id == client.pk


@pytest.fixture
def both_filled(cast: Cast) -> Cast:
    fill(cast.north, cast.ext101, cast.sales, cast.nora, cast.kay)
    with scope(cast.south.pk):
        southern = Application.objects.get()
    fill(cast.south, cast.south101, cast.south_sales, cast.sam, southern)
    return cast


def column_of(model: Any) -> str:
    return model.client_column


def test_every_table_is_owned_or_explained() -> None:
    owned = {model._meta.db_table for model in owned_models()}
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
    assert tables - owned - set(SHARED) == set(), "a new table needs isolate() in its migration, or a reason in SHARED"
    assert owned <= tables


@pytest.mark.parametrize("model", owned_models(), ids=lambda model: model._meta.label)
def test_second_lock_holds_with_the_first_one_open(model: Any, both_filled: Cast) -> None:
    """`Model.objects.all()`, as a forgetful view would write it."""
    column = column_of(model)
    with scope(both_filled.north.pk):
        owners = set(model._base_manager.values_list(column, flat=True))
    assert owners == {both_filled.north.pk}
    assert model._base_manager.count() == 0, "an unbound transaction sees nothing"
    with scope(None):
        assert model._base_manager.count() == 0


@pytest.mark.parametrize("model", owned_models(), ids=lambda model: model._meta.label)
def test_first_lock_holds_with_the_second_one_open(model: Any, both_filled: Cast, owner_sql: Any) -> None:
    """`visible_to()` where the table's policy was switched off."""
    north, south = both_filled.north.pk, both_filled.south.pk
    column, table = column_of(model), model._meta.db_table
    owner_sql(f"alter table {table} disable row level security")
    try:
        assert set(model._base_manager.values_list(column, flat=True)) >= {north, south}
        rows = model.objects.visible_to(both_filled.principal(both_filled.nora))
        assert set(rows.values_list(column, flat=True)) == {north}
        assert not model.objects.visible_to(NOBODY).exists()
        assert not model.objects.visible_to(both_filled.principal(both_filled.olga)).exists()
    finally:
        owner_sql(f"alter table {table} enable row level security")


@pytest.mark.parametrize("model", owned_models(), ids=lambda model: model._meta.label)
def test_a_row_cannot_be_moved_or_written_across_the_wall(model: Any, both_filled: Cast) -> None:
    column = column_of(model)
    kept = getattr(model, "append_only", False)
    refused = "permission denied" if kept else "row-level security"
    with pytest.raises(ProgrammingError, match=refused), scope(both_filled.north.pk):
        model._base_manager.update(**{column: both_filled.south.pk})
    if kept:
        with pytest.raises(ProgrammingError, match=refused), scope(both_filled.north.pk):
            model._base_manager.filter(**{column: both_filled.south.pk}).delete()
        return
    with scope(both_filled.north.pk):
        assert model._base_manager.filter(**{column: both_filled.south.pk}).delete()[0] == 0


def test_a_group_sees_its_own_and_an_extension_less(both_filled: Cast) -> None:
    other_call, other_leg = make_call(both_filled.north, both_filled.ext102)
    make_record(both_filled.north, other_leg)
    gus, ann = both_filled.principal(both_filled.gus), both_filled.principal(both_filled.ann)
    with scope(both_filled.north.pk):
        for who in (gus, ann):
            assert set(Leg.objects.visible_to(who).values_list("extension_id", flat=True)) == {both_filled.ext101.pk}
            assert other_call.pk not in set(Call.objects.visible_to(who).values_list("pk", flat=True))
            assert Record.objects.visible_to(who).count() == 1
            assert VoiceMessage.objects.visible_to(who).count() == 1
            assert not MediaFile.objects.visible_to(who).exists(), "media are reached through their record alone"
            assert not User.objects.visible_to(who).exclude(pk__in=[both_filled.gus.pk, both_filled.ann.pk]).exists()


def test_of_a_shared_call_one_sees_the_customer_and_ones_own_people(cast: Cast) -> None:
    """A call that went from 101 to 102: who reaches 101 alone learns nothing of 102."""
    call, _ = make_call(cast.north, cast.ext101)
    with scope(cast.north.pk):
        leg = {"client": cast.north, "call": call, "source": "test", "init_time": NOON}
        Leg.objects.create(**leg, source_id="second", extension=cast.ext102, group=cast.support)
        said = {"client": cast.north, "call": call, "occurred_at": NOON, "event": "Joined"}
        Participant.objects.create(**said, type="External", phone_number="+15551000001")
        for extension in (cast.ext101, cast.ext102):
            Participant.objects.create(**said, type="User", phone_number=extension.number)
            event = {"client": cast.north, "call": call, "source": "test", "at": NOON, "event": "hold"}
            CallEvent.objects.create(**event, source_id=extension.number, extension=extension)
        for user in (cast.ann, cast.gus):
            who = cast.principal(user)
            seen = set(Participant.objects.visible_to(who).values_list("phone_number", flat=True))
            assert seen == {"+15551000001", "101"}, user.login
            assert [event.extension_id for event in CallEvent.objects.visible_to(who)] == [cast.ext101.pk]
        assert Participant.objects.visible_to(cast.principal(cast.nora)).count() == 3


def test_a_reach_without_its_owner_sees_nothing(both_filled: Cast) -> None:
    hollow = Principal(reach=Reach.GROUP, client_id=both_filled.north.pk, group_id=None)
    with scope(both_filled.north.pk):
        for model in (Call, Leg, Record, VoiceMessage, Participant):
            assert not model.objects.visible_to(hollow).exists()


def test_a_leg_cannot_hang_on_another_clients_call(both_filled: Cast) -> None:
    with scope(both_filled.south.pk):
        foreign = Call.objects.values_list("pk", flat=True).get()
    from django.db.utils import IntegrityError

    with pytest.raises(IntegrityError, match="same_client"), scope(both_filled.north.pk):
        Leg.objects.update(call_id=foreign)


def test_binding_ends_with_its_transaction(cast: Cast) -> None:
    with scope(cast.north.pk):
        assert bound()[0] == str(cast.north.pk)
    assert bound() == ("", "")
    with pytest.raises(NotInTransaction):
        bind(cast.north.pk)


def test_a_nested_scope_gives_the_former_binding_back(cast: Cast) -> None:
    with scope(cast.north.pk):
        with scope(cast.south.pk):
            assert Extension.objects.get().client_id == cast.south.pk
        assert set(Extension.objects.values_list("client_id", flat=True)) == {cast.north.pk}


def test_only_an_operator_reads_the_directory_of_clients(cast: Cast) -> None:
    with scope(None):
        assert not Client.objects.exists()
    with scope(None, operator=True):
        assert {client.pk for client in Client.objects.all()} == {cast.north.pk, cast.south.pk}
        assert Client.objects.update(name="mine") == 0


def test_boot_check_is_content_with_these_walls(cast: Cast) -> None:
    assert checks.open_locks() == []
    checks.refuse_unsafe()


def test_boot_check_finds_a_dropped_policy(cast: Cast, owner_sql: Any) -> None:
    owner_sql("alter policy tenant on cdrs_call rename to gone")
    try:
        assert any("cdrs_call is not isolated" in sentence for sentence in checks.open_locks())
        with pytest.raises(ImproperlyConfigured, match="cdrs_call"):
            checks.refuse_unsafe()
    finally:
        owner_sql("alter policy gone on cdrs_call rename to tenant")


@pytest.fixture
def memberships(owner_sql: Any) -> Any:
    """Make the serving role a member of a new role, through another one in between."""
    serving = connection.settings_dict["USER"]
    between, beyond = f"{serving}_between", f"{serving}_beyond"
    names = f"{between}, {beyond}"
    owner_sql(f"create role {between}", f"create role {beyond}", f"grant {between} to {serving}")
    owner_sql(f"grant {beyond} to {between}", f"grant {beyond} to current_user")
    yield beyond
    owner_sql(f"drop owned by {beyond}", f"drop role {names}")


def test_boot_check_finds_what_the_role_could_become(cast: Cast, owner_sql: Any, memberships: str) -> None:
    assert checks.open_locks() == [], "a role without rights may be among one's roles"
    owner_sql(f"grant create on schema public to {memberships}")
    owner_sql(f"create table of_another (id int); alter table of_another owner to {memberships}")
    assert [sentence for sentence in checks.open_locks() if f"member of {memberships}, which owns tables" in sentence]


def test_boot_check_finds_a_way_to_the_finder(cast: Cast, owner_sql: Any, memberships: str) -> None:
    finder = f"{connection.settings_dict['NAME']}_finder"
    owner_sql(f"grant {finder} to {memberships}")
    try:
        assert any("finder" in sentence for sentence in checks.open_locks())
    finally:
        owner_sql(f"revoke {finder} from {memberships}")


def test_no_superuser_is_set_up_to_serve(cast: Cast, settings: Any, owner_sql: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select rolname from pg_roles where rolsuper order by oid limit 1")
        (superuser,) = cursor.fetchone()
    database = connection.settings_dict["NAME"]
    settings.SERVING_DATABASE = settings.SERVING_DATABASE | {"NAME": database, "USER": superuser}
    serving = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(USER=settings.OWNER_DATABASE["USER"], PASSWORD=settings.OWNER_DATABASE["PASSWORD"])
    try:
        with pytest.raises(CommandError, match="neither a superuser"):
            make_roles(None)
    finally:
        connection.close()
        connection.settings_dict.update(USER=serving["USER"], PASSWORD=serving["PASSWORD"])


def test_the_serving_role_may_not_truncate_or_change_tables(cast: Cast) -> None:
    for statement in (
        "truncate cdrs_call cascade",
        "drop policy tenant on cdrs_call",
        "alter table cdrs_call disable row level security",
    ):
        with pytest.raises(ProgrammingError), connection.cursor() as cursor:
            cursor.execute(statement)


def test_look_ups_are_the_finders_and_the_finder_cannot_log_in() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select p.proname, r.rolname, r.rolcanlogin, p.proconfig"
            " from pg_proc p join pg_roles r on r.oid = p.proowner"
            " where p.pronamespace = 'public'::regnamespace and p.prosecdef"
        )
        functions = cursor.fetchall()
    assert {name for name, *_ in functions} >= {"user_by_login", "bearer_by_checksum", "link_generations"}
    for name, owner, can_log_in, config in functions:
        assert owner.endswith("_finder") and not can_log_in, name
        assert config == ["search_path=pg_catalog, public"], name


def test_models_of_the_portal_are_all_owned_or_shared() -> None:
    ours = {m for m in apps.get_models() if m.__module__.split(".")[0] in {"portal", "cdrs", "records", "archives"}}
    unowned = {m._meta.db_table for m in ours} - {m._meta.db_table for m in owned_models()}
    assert unowned <= set(SHARED)
    assert AccessToken in owned_models()

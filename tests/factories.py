"""The one cast of all tests, and the rows they need."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from oauth2_provider.models import set_token_value

from cdrs.models import Call, Leg
from portal.access.isolation import scope
from portal.access.principal import Principal
from portal.accounts.models import GRANTS, AccessToken, Application, ApplicationType, Level, User
from portal.accounts.principals import of_user
from portal.clients.models import Client, Extension, ExtensionGroup
from records.ingest.recorded import keep_found
from records.models import MediaFile, Record, VoiceMessage

PASSWORD = "a long enough password"
NOON = datetime(2026, 9, 28, 12, 0, tzinfo=UTC)
_serial = itertools.count(1)


def make_client(name: str, **fields: Any) -> Client:
    """No limit of requests where none is asked for: Redis counts by the hour, and databases of tests come and go."""
    fields["settings"] = {"hourly_limit": 0} | fields.get("settings", {})
    slug = fields.pop("slug", name.lower())
    client = Client(id=Client.next_id(), name=name, slug=slug, prefix=slug, domain=f"{slug}.example", **fields)
    with scope(client.id):
        client.save(force_insert=True)
    return client


def make_user(client: Client | None, login: str, level: str = Level.CLIENT, **fields: Any) -> User:
    user = person(client, login, level=level, **fields)
    with scope(None if client is None else client.pk, operator=client is None):
        user.save(force_insert=True)
    return user


def person(client: Client | None, login: str, **fields: Any) -> User:
    """One that is not stored yet, with PASSWORD. Nobody looks whether it is valid: that asks the database each time."""
    user = User(login=login, client=client, **fields)
    user.set_password(PASSWORD)
    return user


def make_application(client: Client, name: str = "robot", **fields: Any) -> tuple[Application, str]:
    """An application of a client, trusted unless its `type` is said, and its secret."""
    client_type, grant = GRANTS[ApplicationType(fields.get("type", ApplicationType.TRUSTED))]
    with scope(client.pk):
        application = Application(
            tenant=client, name=name, client_type=client_type, authorization_grant_type=grant, **fields
        )
        secret = application.client_secret
        application.save()
    return application, secret


def make_token(
    application: Application, scope_text: str = "all", *, seconds: int = 3600, user: User | None = None
) -> str:
    """A Bearer token of an application; negative seconds make an expired one."""
    token = f"token-{next(_serial)}-of-{application.name}"
    with scope(application.tenant_id):
        row = AccessToken(
            application=application, user=user, scope=scope_text, expires=timezone.now() + timedelta(seconds=seconds)
        )
        set_token_value(row, token)
        row.save()
    return token


def make_call(
    client: Client, extension: Extension | None = None, at: datetime = NOON, **fields: Any
) -> tuple[Call, Leg]:
    """An answered inbound call with one leg at an extension."""
    serial = next(_serial)
    values = {"direction": "in", "caller_number": f"+1555100{serial:04d}", "called_number": "101", "result": "answered"}
    with scope(client.pk):
        call = Call.objects.create(
            client=client, source="test", source_id=str(serial), started_at=at, facts_hash=b"", **(values | fields)
        )
        leg = Leg.objects.create(
            client=client,
            call=call,
            extension=extension,
            group=extension.group if extension else None,
            source="test",
            source_id=str(serial),
            flow=call.direction,
            init_time=at,
            start_time=at + timedelta(seconds=5),
            hangup_time=at + timedelta(seconds=35),
            duration=35,
            billsec=30,
            result=call.result,
            from_username=call.caller_number,
            to_username=call.called_number,
        )
    return call, leg


def make_record(client: Client, leg: Leg, content: bytes | None = None, **fields: Any) -> Record:
    """An available recording of a leg; with `content` its file is in storage too."""
    serial = next(_serial)
    with scope(client.pk):
        record = Record.objects.create(
            client=client,
            call_id=leg.call_id,
            leg=leg,
            extension_id=leg.extension_id,
            group_id=leg.group_id,
            init_time=leg.init_time,
            source="test",
            source_id=f"r{serial}",
            leg_source_id=leg.source_id,
            facts_hash=b"facts",
            file_name=f"2026-09-28-12-00-00-UTC_in_{serial}_test.wav",
            state="available",
            size=len(content) if content is not None else 1000,
            **({"seconds": 30.0} | fields),
        )
        Call.objects.filter(client_id=client.pk, id=leg.call_id).update(recordings=1)
        keep_found(client.pk, [leg.call_id])
        if content is not None:
            attach_file(client, content, record=record)
    return record


def make_voicemessage(
    client: Client, extension: Extension, content: bytes | None = None, **fields: Any
) -> VoiceMessage:
    serial = next(_serial)
    with scope(client.pk):
        message = VoiceMessage.objects.create(
            client=client,
            extension=extension,
            group=extension.group,
            init_time=NOON,
            source="test",
            source_id=f"v{serial}",
            facts_hash=b"facts",
            state="available",
            size=len(content) if content is not None else 1000,
            seconds=9.0,
            caller_number=f"+1555100{serial:04d}",
            **fields,
        )
        if content is not None:
            attach_file(client, content, voicemessage=message)
    return message


def attach_file(client: Client, content: bytes, **of: Any) -> MediaFile:
    import hashlib
    import zlib

    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage

    from portal.media.keys import new_key

    key = new_key(client.pk, NOON, "wav")
    default_storage.save(key, ContentFile(content))
    return MediaFile.objects.create(
        client=client,
        key=key,
        content_type="audio/wav",
        size=len(content),
        sha256=hashlib.sha256(content).digest(),
        crc32=zlib.crc32(content),
        codec="pcm_s16le",
        sample_rate=8000,
        channels=2,
        seconds=30.0,
        **of,
    )


@dataclass
class Cast:
    """North and South, their people, and Kay's program."""

    north: Client
    south: Client
    sales: ExtensionGroup
    support: ExtensionGroup
    south_sales: ExtensionGroup
    ext101: Extension  # Sales of North
    ext102: Extension  # Support of North
    south101: Extension
    nora: User  # administrator of North
    gus: User  # supervisor of Sales
    ann: User  # agent at 101
    rita: User  # administrator of North who may only read
    sam: User  # administrator of South
    olga: User  # operator
    kay: Application  # a program of North
    kay_secret: str
    kay_token: str
    south_token: str

    def principal(self, user: User, client: Client | None = None) -> Principal:
        return of_user(user, client.pk if client else None)


def make_cast() -> Cast:
    """Most tests begin with it: what belongs to a client is made in one transaction."""
    north = make_client("North", timezone="America/New_York", settings={"hourly_limit": 0})
    south = make_client("South", timezone="Europe/Berlin", settings={"hourly_limit": 0})
    with scope(north.pk):
        sales = ExtensionGroup(client=north, name="Sales")
        support = ExtensionGroup(client=north, name="Support")
        ExtensionGroup.objects.bulk_create([sales, support])
        ext101 = Extension(client=north, group=sales, number="101", name="Ann Berg")
        ext102 = Extension(client=north, group=support, number="102", name="Li Wei")
        Extension.objects.bulk_create([ext101, ext102])
        nora = person(north, "nora@north", first_name="Nora")
        gus = person(north, "gus@north", level=Level.GROUP, group=sales)
        ann = person(north, "ann@north", level=Level.EXTENSION, extension=ext101)
        rita = person(north, "rita@north", read_only=True)
        User.objects.bulk_create([nora, gus, ann, rita])
        kay, kay_secret = make_application(north, "Kay")
        kay_token = make_token(kay)
    with scope(south.pk):
        south_sales = ExtensionGroup.objects.create(client=south, name="Sales")
        south101 = Extension.objects.create(client=south, group=south_sales, number="101", name="Uwe Kern")
        sam = make_user(south, "sam@south")
        southern, _ = make_application(south, "Southern")
        south_token = make_token(southern)
    return Cast(
        north=north,
        south=south,
        sales=sales,
        support=support,
        south_sales=south_sales,
        ext101=ext101,
        ext102=ext102,
        south101=south101,
        nora=nora,
        gus=gus,
        ann=ann,
        rita=rita,
        sam=sam,
        olga=make_user(None, "olga", Level.OPERATOR),
        kay=kay,
        kay_secret=kay_secret,
        kay_token=kay_token,
        south_token=south_token,
    )

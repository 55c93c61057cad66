"""Why a door stays shut: each reason has its own word, and one place decides it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from portal.access.isolation import scope
from portal.access.permissions import why_not
from portal.access.principal import Principal, Reach
from portal.accounts import lookups
from portal.accounts.models import AccessToken, Application, DoorToken, User, checksum
from portal.accounts.principals import of_bearer
from tests.factories import Cast, make_application, make_token, make_user

KAY = {"deeds": frozenset({"cdr:read", "events:write"})}
CALLS = KAY | {"call_api": True}
RITA = KAY | {"read_only": True}
GET = frozenset({"GET"})
WINDOW = "?start_datetime=2026-09-01%2000:00:00&end_datetime=2026-09-30%2023:59:59"


@pytest.mark.clause("ringme", "access_denied, user_access_type_deny, app_access_type_deny (403); both limits apply")
@pytest.mark.parametrize(
    ("who", "method", "deed", "call_api", "why"),
    [
        (KAY, "GET", "cdr:read", False, None),
        (KAY, "GET", None, False, None),
        (KAY, "GET", "record:read", False, "access_denied"),
        (KAY, "POST", "events:write", False, None),
        (CALLS, "GET", "cdr:read", False, "app_access_type_deny"),
        (CALLS, "GET", None, False, "app_access_type_deny"),
        (CALLS, "GET", "cdr:read", True, None),
        (CALLS, "POST", "events:write", True, None),
        (CALLS, "GET", "cdr:read", GET, None),
        (CALLS, "POST", "events:write", GET, "app_access_type_deny"),
        (CALLS, "GET", "record:read", True, "access_denied"),
        (RITA, "GET", "cdr:read", False, None),
        (RITA, "HEAD", "cdr:read", False, None),
        (RITA, "GET", "record:read", False, "access_denied"),
        (RITA, "POST", "events:write", False, "user_access_type_deny"),
        (RITA, "DELETE", None, False, "user_access_type_deny"),
        (RITA | CALLS, "DELETE", "events:write", True, "user_access_type_deny"),
        (RITA | CALLS, "DELETE", "events:write", False, "app_access_type_deny"),
    ],
)
def test_each_reason_has_its_word(
    who: dict[str, Any], method: str, deed: str | None, call_api: bool | frozenset[str], why: str | None
) -> None:
    assert why_not(Principal(Reach.CLIENT, 1, **who), method, deed, call_api=call_api) == why


def get(path: str, token: str) -> Any:
    return Browser().get(f"/api/ver1.0{path}", headers={"Authorization": f"Bearer {token}"})


@pytest.mark.django_db
@pytest.mark.clause("ringme", "Application access level: Call API (all else 403 app_access_type_deny) or All")
def test_an_application_of_the_call_api_hears_nothing(cast: Cast) -> None:
    application, _ = make_application(cast.north, "Dialler", access="Call API")
    token = make_token(application)
    assert get("/user/", token).status_code == 200
    for path in (f"/client/@me/record/{WINDOW}", f"/client/@me/record/stats/{WINDOW}", "/client/@me/record/1-a"):
        answer = get(path, token)
        assert answer.status_code == 403 and answer.json()["status"] == "app_access_type_deny", path
    with scope(cast.north.pk):
        Application.objects.filter(pk=application.pk).update(access="All")
    assert get(f"/client/@me/record/stats/{WINDOW}", token).status_code == 200, "and as soon as it may"


@pytest.mark.django_db(transaction=True)
@pytest.mark.clause("ringme", "User access: full, or read_only (GET alone)")
def test_a_user_who_may_only_read_brings_nothing_in(cast: Cast) -> None:
    with scope(cast.north.pk):
        _, token = DoorToken.make(cast.nora, "intake")
        User.objects.filter(pk=cast.nora.pk).update(read_only=True)
    answer = Browser().post("/intake/v1/calls", {}, "application/json", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403 and answer.json()["status"] == "user_access_type_deny"
    answer = Browser().post(
        "/intake/v1/calls", {}, "application/json", headers={"Authorization": f"Bearer {cast.kay_token}"}
    )
    assert answer.json() == {"message": "intake:write is needed", "status": "access_denied"}


def principal(token: str) -> Principal:
    found = lookups.bearer(checksum(token))
    assert found is not None
    return of_bearer(found)


@pytest.mark.django_db
@pytest.mark.clause("ringme", "Scopes: reach client, extension_group, extension; a scope never widens")
def test_a_scope_that_names_a_reach_is_for_no_more(cast: Cast) -> None:
    gus = principal(make_token(cast.kay, "extension_group", user=cast.gus))
    assert (gus.reach, gus.group_id) == (Reach.GROUP, cast.sales.pk) and gus.may("record:read")
    ann = principal(make_token(cast.kay, "extension_group record:read", user=cast.ann))
    assert (ann.reach, ann.extension_id) == (Reach.EXTENSION, cast.ext101.pk) and ann.deeds == {"record:read"}
    assert principal(make_token(cast.kay, "client", user=cast.ann)).reach is Reach.EXTENSION
    token = make_token(cast.kay, "extension_group", user=cast.gus)
    with scope(cast.north.pk):
        User.objects.filter(pk=cast.gus.pk).update(level="client", group=None)
    risen = principal(token)
    assert (risen.reach, risen.group_id) == (Reach.GROUP, -1), "he agreed to less, so it reaches nothing"
    assert get(f"/client/@me/record/stats/{WINDOW}", token).status_code == 404


@pytest.mark.django_db
@pytest.mark.clause("ringme", "An application may be bound to a group or an extension")
def test_an_application_and_its_user_reach_only_what_both_do(cast: Cast) -> None:
    sales, _ = make_application(cast.north, "Sales board", group=cast.sales)
    phone, _ = make_application(cast.north, "Phone", extension=cast.ext101)
    clerk = make_user(cast.north, "clerk@north", "extension", extension=cast.ext102)

    def reached(application: Application, user: User) -> tuple[Reach, int | None, int | None]:
        who = principal(make_token(application, user=user))
        return who.reach, who.group_id, who.extension_id

    assert reached(sales, cast.nora) == reached(sales, cast.gus) == (Reach.GROUP, cast.sales.pk, None)
    assert reached(phone, cast.nora) == reached(phone, cast.ann) == (Reach.EXTENSION, None, cast.ext101.pk)
    assert reached(sales, clerk) == (Reach.GROUP, -1, None), "an extension of Support"
    assert reached(phone, cast.gus) == reached(phone, clerk) == (Reach.EXTENSION, None, -1)
    with scope(cast.north.pk):
        assert AccessToken.objects.filter(application__in=[sales, phone]).count() == 7

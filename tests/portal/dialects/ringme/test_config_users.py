"""People of one extension or one group, as programs make and change them."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password
from django.core.cache import cache
from django.test import Client as Browser
from oauth2_provider.models import set_token_value

from portal.access.isolation import scope
from portal.accounts.models import AccessToken, DoorToken, Grant, RefreshToken, User
from tests.factories import NOON, PASSWORD, make_token
from tests.portal.dialects.ringme.asking import golden, made, tell, wrong
from tests.portal.dialects.ringme.conftest import Program, Stage

pytestmark = pytest.mark.django_db
OF_EXTENSIONS, OF_GROUPS = "/client/@me/user/extension/", "/client/@me/user/extension_group/"
SECRET = "correct horse battery"
TOM = {"name": "Tom Roe", "login": "Tom@North", "password": SECRET}


@pytest.fixture(autouse=True)
def nobody_is_locked_out() -> Any:
    cache.clear()
    yield
    cache.clear()


def kept(stage: Stage, pk: int) -> User | None:
    with scope(stage.cast.north.pk):
        return User.objects.filter(client_id=stage.cast.north.pk, pk=pk).first()


def signs_in(login: str, password: str) -> bool:
    return Browser().post("/sign-in/", {"username": login, "password": password}).status_code == 302


@pytest.mark.clause(
    "ringme", "user/extension/ (name, status, access, login, password, email, timezone, comment, extra_params)"
)
def test_an_agent_is_made_read_changed_and_deleted(stage: Stage) -> None:
    ext = stage.cast.ext102.pk
    more = {"access": "read_only", "email": "tom@north.example", "timezone": "Europe/London", "comment": "nights only"}
    told = made(stage.kay, OF_EXTENSIONS, **TOM, **more, extension_id=ext)
    whole = golden("extension_user.json", id=told["id"], extension=ext)
    assert told == whole and list(told) == list(whole)
    row = kept(stage, told["id"])
    assert row and (row.level, row.read_only, row.first_name, row.last_name) == ("extension", True, "Tom", "Roe")
    assert signs_in("tom@north", SECRET)
    for path in (f"{OF_EXTENSIONS}{told['id']}", f"/user/extension/{told['id']}/"):
        assert stage.kay.get(path).json() == whole
    assert [one["login"] for one in stage.kay.get(OF_EXTENSIONS).json()] == ["ann@north", "tom@north"]
    found = stage.kay.get("/user/extension/", {"extension_id": ext, "status": "active", "login": "tom@north"})
    assert found.json() == [whole]
    changed = tell(stage.kay, "PUT", f"{OF_EXTENSIONS}{told['id']}", whole | {"name": "Tom", "comment": None})
    assert changed.json() == whole | {"name": "Tom", "comment": None}
    assert signs_in("tom@north", SECRET), "a password that is not named stays"
    assert tell(stage.kay, "DELETE", f"{OF_EXTENSIONS}{told['id']}").status_code == 204
    assert kept(stage, told["id"]) is None and not signs_in("tom@north", SECRET)


@pytest.mark.clause("ringme", "user/extension_group/")
def test_a_supervisor_is_made(stage: Stage) -> None:
    told = made(stage.kay, "/user/extension_group/", **TOM, extension_group_id=stage.cast.support.pk)
    assert told == golden("group_user.json", id=told["id"], group=stage.cast.support.pk)
    row = kept(stage, told["id"])
    assert row and (row.level, row.group_id, row.extension_id) == ("extension_group", stage.cast.support.pk, None)
    moved = tell(stage.kay, "PUT", f"{OF_GROUPS}{told['id']}", extension_group_id=stage.cast.sales.pk)
    assert moved.json()["extension_group_id"] == stage.cast.sales.pk
    assert stage.kay.get(f"{OF_EXTENSIONS}{told['id']}").status_code == 404, "there are people of extensions"


def test_administrators_are_no_programs_to_change(stage: Stage) -> None:
    for path in (OF_EXTENSIONS, OF_GROUPS):
        for person in (stage.cast.nora, stage.cast.rita, stage.cast.olga, stage.cast.sam):
            for method in ("GET", "PUT", "DELETE"):
                assert tell(stage.kay, method, f"{path}{person.pk}", status="blocked").status_code == 404


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"login": ""}, "login"),
        ({"login": "ann@NORTH"}, "login"),
        ({"login": "sam@south"}, "login"),
        ({"login": "olga"}, "login"),
        ({"password": "short"}, "password"),
        ({"password": "password1234"}, "password"),
        ({"password": "tom@north@tom"}, "password"),
        ({"password": None}, "password"),
        ({"email": "nobody"}, "email"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"access": "admin"}, "access"),
        ({"status": "retired"}, "status"),
        ({"name": "x" * 150}, "name"),
        ({"name": None}, "name"),
        ({"extension_id": None}, "extension_id"),
        ({"extension_id": 999999}, "extension_id"),
        ({"level": "client"}, "level"),
        ({"email_notify": True}, "email_notify"),
        ({"id": 1}, "id"),
    ],
)
def test_a_wrong_user_names_the_field(stage: Stage, fields: dict[str, Any], named: str) -> None:
    said = TOM | {"extension_id": stage.cast.ext101.pk} | fields
    answer = tell(stage.kay, "POST", OF_EXTENSIONS, said)
    assert list(wrong(answer)) == [named]
    with scope(stage.cast.north.pk):
        assert not User.objects.filter(login="tom@north").exists()


def test_what_is_needed_is_named_at_once(stage: Stage) -> None:
    assert list(wrong(tell(stage.kay, "POST", OF_EXTENSIONS))) == ["name", "login", "password", "extension_id"]
    foreign = tell(stage.kay, "POST", OF_EXTENSIONS, TOM, extension_id=stage.cast.south101.pk)
    assert wrong(foreign) == {"extension_id": "there is none of this id"}


def test_a_taken_login_tells_nothing_of_whose_it_is(stage: Stage) -> None:
    for login in ("ann@north", "sam@south", "olga"):
        said = TOM | {"login": login, "extension_id": stage.cast.ext101.pk}
        assert wrong(tell(stage.kay, "POST", OF_EXTENSIONS, said)) == {
            "login": "This login is taken. Another one is needed."
        }


def test_a_password_is_in_no_answer_and_no_log(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told = made(stage.kay, OF_EXTENSIONS, **TOM, extension_id=stage.cast.ext101.pk)
    one = f"{OF_EXTENSIONS}{told['id']}"
    answers = [
        stage.kay.get(one),
        tell(stage.kay, "PUT", one, password=SECRET + "!"),
        tell(stage.kay, "PUT", one, password="weak" + SECRET[:3]),
        tell(stage.kay, "POST", OF_EXTENSIONS, TOM),
    ]
    row = kept(stage, told["id"])
    assert row and check_password(SECRET + "!", row.password)
    for text in [*(answer.content.decode() for answer in answers), caplog.text]:
        assert SECRET not in text and "weakcor" not in text and row.password not in text


def programs_of(stage: Stage, person: User) -> str:
    """A token, a refresh token and a code in somebody's name, and a key for the way in."""
    token = make_token(stage.cast.kay, user=person)
    with scope(stage.cast.north.pk):
        refresh = RefreshToken(
            application=stage.cast.kay, user=person, access_token=AccessToken.objects.get(user=person)
        )
        set_token_value(refresh, "refresh-of-ann")
        refresh.save()
        more = {"redirect_uri": "https://app.example/", "scope": "all"}
        Grant.objects.create(application=stage.cast.kay, user=person, code="c", expires=NOON, **more)
        DoorToken.make(person, "intake")
    return token


def test_a_new_password_signs_out_everywhere(stage: Stage) -> None:
    ann = stage.cast.ann
    browser, program = Browser(), Program(programs_of(stage, ann))
    browser.post("/sign-in/", {"username": "ann@north", "password": PASSWORD})
    assert browser.get("/calls/").status_code == 200 and program.get("/user/").status_code == 200
    assert tell(stage.kay, "PUT", f"{OF_EXTENSIONS}{ann.pk}", password="another long password").status_code == 200
    assert browser.get("/calls/").status_code == 302 and program.get("/user/").status_code == 401
    with scope(stage.cast.north.pk):
        assert not any(model.objects.filter(user=ann).exists() for model in (AccessToken, Grant))
        assert not RefreshToken.objects.filter(user=ann, revoked=None).exists()
    assert stage.kay.get("/user/").status_code == 200, "the program that did it goes on"


@pytest.mark.clause("ringme", "Revoking and blocking hold at once")
def test_a_block_is_told_at_once_and_what_it_refused_does_not_come_back(stage: Stage) -> None:
    address, browser, program = (
        f"{OF_EXTENSIONS}{stage.cast.ann.pk}",
        Browser(),
        Program(programs_of(stage, stage.cast.ann)),
    )
    browser.post("/sign-in/", {"username": "ann@north", "password": PASSWORD})
    tell(stage.kay, "PUT", address, status="blocked")
    told = program.get("/user/")
    assert (told.status_code, told.json()["status"]) == (403, "user_blocked")
    assert browser.get("/calls/").status_code == 302 and not signs_in("ann@north", PASSWORD)
    tell(stage.kay, "PUT", address, status="active")
    assert program.get("/user/").status_code == 401 and browser.get("/calls/").status_code == 302
    assert signs_in("ann@north", PASSWORD)


def test_what_was_read_of_a_user_is_sent_back_and_ends_nothing(stage: Stage) -> None:
    program = Program(programs_of(stage, stage.cast.ann))
    address = f"{OF_EXTENSIONS}{stage.cast.ann.pk}"
    stage.kay.send("DELETE", f"/client/@me/extension/{stage.cast.ext101.pk}")
    told = stage.kay.get(address).json()
    assert tell(stage.kay, "PUT", address, told).json() == told, "the extension that is retired too"
    assert program.get("/user/").status_code == 200


def test_a_user_who_is_deleted_takes_the_tokens_along(stage: Stage) -> None:
    program = Program(programs_of(stage, stage.cast.ann))
    assert tell(stage.kay, "DELETE", f"{OF_EXTENSIONS}{stage.cast.ann.pk}").status_code == 204
    assert program.get("/user/").status_code == 401
    with scope(stage.cast.north.pk):
        assert not DoorToken.objects.exists()

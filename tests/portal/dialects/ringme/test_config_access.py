"""Who sees what a client consists of, and who changes it."""

from __future__ import annotations

from typing import Any

import pytest

from portal.access.isolation import scope
from portal.accounts.models import Level, User
from portal.clients.models import Did
from tests.factories import make_application, make_token, make_user
from tests.portal.dialects.ringme.asking import tell
from tests.portal.dialects.ringme.conftest import Program, Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def dids(stage: Stage) -> dict[str, int]:
    """An outside number of each extension, and one of nobody's."""
    made = {}
    for client, extension in ((stage.cast.north, stage.cast.ext101), (stage.cast.north, stage.cast.ext102)):
        with scope(client.pk):
            made[extension.number] = Did.objects.create(client=client, number=extension.number, extension=extension).pk
    with scope(stage.cast.north.pk):
        made["none"] = Did.objects.create(client=stage.cast.north, number="+442079460199").pk
    return made


def of_person(stage: Stage, person: User, scope_text: str = "all") -> Program:
    return Program(make_token(stage.cast.kay, scope_text, user=person))


def shown(program: Program, path: str) -> Any:
    """What a list's rows are called, or its error's status."""
    answer = program.get(path)
    body = answer.json()
    return [row["name"] for row in body] if answer.status_code == 200 else (answer.status_code, body.get("status"))


@pytest.mark.clause("ringme", "What the caller may not see answers 404; 403 is for a deed on something it may see")
def test_each_level_sees_its_own(stage: Stage, dids: dict[str, int]) -> None:
    cast = stage.cast
    no_client, no_group, no_ext = ((404, f"{what}_not_found") for what in ("client", "extension_group", "extension"))
    ann, gus, nora = (of_person(stage, person) for person in (cast.ann, cast.gus, cast.nora))
    table = {
        "/client/": (["North"], [], []),
        "/client/@me": (200, no_client, no_client),
        "/client/@me/extension/": (["north*101", "north*102"], no_client, no_client),
        "/client/@me/did/": (["101", "102", "+442079460199"], no_client, no_client),
        "/client/@me/user/extension/": (["ann@north"], no_client, no_client),
        "/user/extension/": (["ann@north"], [], ["ann@north"]),
        "/user/extension_group/": (["gus@north"], ["gus@north"], []),
        f"/extension_group/{cast.sales.pk}/extension/": (["north*101"], ["north*101"], no_group),
        f"/extension_group/{cast.sales.pk}/extension_group/": (["Sales"], ["Sales"], no_group),
        f"/extension_group/{cast.sales.pk}/did/": (["101"], ["101"], no_group),
        f"/extension_group/{cast.support.pk}/extension/": (["north*102"], no_group, no_group),
        f"/extension/{cast.ext101.pk}/extension/": (["north*101"], ["north*101"], ["north*101"]),
        f"/extension/{cast.ext101.pk}/did/": (["101"], ["101"], ["101"]),
        f"/extension/{cast.ext102.pk}/extension/": (["north*102"], no_ext, no_ext),
        f"/extension/{cast.south101.pk}/extension/": (no_ext, no_ext, no_ext),
        f"/extension_group/{cast.south_sales.pk}/did/": (no_group, no_group, no_group),
        f"/client/{cast.south.pk}/limit/": (no_client, no_client, no_client),
    }
    for path, wanted in table.items():
        for program, who, told in zip((nora, gus, ann), ("nora", "gus", "ann"), wanted, strict=True):
            seen = program.get(path).status_code if told == 200 else shown(program, path)
            assert seen == told, f"{who} asks for {path}"


def every_change(stage: Stage, dids: dict[str, int]) -> list[tuple[str, str, dict[str, Any]]]:
    """A change of each kind that an administrator may make."""
    cast = stage.cast
    user = {"name": "Tom", "login": "tom@north", "password": "correct horse battery"}
    of_sales, of_101 = f"/extension_group/{cast.sales.pk}", f"/extension/{cast.ext101.pk}"
    return [
        ("PUT", "/client/@me", {"name": "Mine"}),
        ("POST", "/client/@me/extension/", {"name": "103"}),
        ("PUT", f"/client/@me/extension/{cast.ext101.pk}", {"label": "mine"}),
        ("POST", f"{of_sales}/extension/", {"name": "104"}),
        ("PUT", f"{of_sales}/extension/{cast.ext101.pk}", {"label": "mine"}),
        ("POST", "/client/@me/extension_group/", {"name": "Mine"}),
        ("PUT", f"/client/@me/extension_group/{cast.sales.pk}", {"name": "Mine too"}),
        ("POST", "/client/@me/did/", {"name": "105", "extension_id": cast.ext101.pk}),
        ("PUT", f"/client/@me/did/{dids['101']}", {"extension_id": None}),
        ("DELETE", f"/client/@me/did/{dids['101']}", {}),
        ("POST", "/client/@me/user/extension/", user | {"extension_id": cast.ext101.pk}),
        ("POST", "/user/extension_group/", user | {"login": "tim@north", "extension_group_id": cast.sales.pk}),
        ("PUT", f"/user/extension/{cast.ann.pk}", {"comment": "mine"}),
        ("DELETE", f"/user/extension_group/{cast.gus.pk}", {}),
        ("DELETE", f"{of_sales}/extension/{cast.ext101.pk}", {}),
        # Realms that only show.
        ("PUT", f"{of_sales}/extension_group/{cast.sales.pk}", {"name": "Mine"}),
        ("PUT", f"{of_101}/extension/{cast.ext101.pk}", {"label": "mine"}),
        ("POST", f"{of_101}/did/", {"name": "106"}),
    ]


SHOWS = 3  # the last ones of `every_change`: their realms answer 405


def test_an_administrators_program_changes_all_of_it(stage: Stage, dids: dict[str, int]) -> None:
    changes = every_change(stage, dids)
    for method, path, body in changes[:-SHOWS]:
        assert tell(stage.kay, method, path, body).status_code in {200, 201, 204}, (method, path)
    for method, path, body in changes[-SHOWS:]:
        assert tell(stage.kay, method, path, body).status_code == 405, (method, path)


@pytest.mark.clause("ringme", "User access: full, or read_only (GET alone); application access: Call API or All")
def test_nobody_else_changes_anything(stage: Stage, dids: dict[str, int]) -> None:
    cast = stage.cast
    quiet, _ = make_application(cast.north, "quiet", access="Call API")
    bound, _ = make_application(cast.north, "bound", group=cast.sales)
    unseen = {(404, f"{what}_not_found") for what in ("client", "extension_group", "extension")}
    below = {(403, "access_denied"), (404, None), *unseen}
    programs = {
        "a supervisor": (of_person(stage, cast.gus), below),
        "an agent": (of_person(stage, cast.ann), below),
        "who may only read": (of_person(stage, cast.rita), {(403, "user_access_type_deny")}),
        "a reading scope": (Program(make_token(cast.kay, "config:read")), {(403, "access_denied")}),
        "Call API": (Program(make_token(quiet)), {(403, "app_access_type_deny"), (403, "access_denied")}),
        "bound to a group": (Program(make_token(bound)), below),
        "of South": (stage.south, unseen),
    }
    for who, (program, allowed) in programs.items():
        for method, path, body in every_change(stage, dids)[:-SHOWS]:
            here = path.replace("@me", str(cast.north.pk))
            if who == "of South" and path.startswith("/user/"):
                continue  # the addresses of one's own client
            answer = tell(program, method, here, body)
            assert (answer.status_code, answer.json().get("status")) in allowed, f"{who}: {method} {path}"
    with scope(cast.north.pk):
        assert Did.objects.filter(pk=dids["101"]).exists() and User.objects.filter(pk=cast.gus.pk).exists()


def test_south_finds_nobody_of_norths_by_id(stage: Stage, dids: dict[str, int]) -> None:
    for path in ("/user/extension/", "/client/@me/user/extension/"):
        for method in ("GET", "PUT", "DELETE"):
            assert tell(stage.south, method, f"{path}{stage.cast.ann.pk}", comment="mine").status_code == 404
    for path in (f"did/{dids['101']}", f"extension/{stage.cast.ext101.pk}", f"extension_group/{stage.cast.sales.pk}"):
        for method in ("GET", "PUT", "DELETE"):
            assert tell(stage.south, method, f"/client/@me/{path}", {}).status_code == 404


@pytest.mark.clause("ringme", "Application access level: Call API (all else 403 app_access_type_deny) or All")
def test_a_call_api_application_reads_extensions_alone(stage: Stage, dids: dict[str, int]) -> None:
    quiet, _ = make_application(stage.cast.north, "quiet", access="Call API")
    program, one = Program(make_token(quiet)), stage.cast.ext101.pk
    assert shown(program, "/client/@me/extension/") == ["north*101", "north*102"]
    assert program.get(f"/extension/{one}/extension/{one}").status_code == 200
    for path in ("/client/", "/client/@me", "/client/@me/did/", "/client/@me/extension_group/", "/user/extension/"):
        assert shown(program, path) == (403, "app_access_type_deny"), path


def test_a_deed_is_needed_to_read(stage: Stage) -> None:
    program = Program(make_token(stage.cast.kay, "record:read"))
    for path in ("/client/", "/client/@me/limit/", "/client/@me/extension/", "/user/extension/"):
        assert shown(program, path) == (403, "access_denied")


def test_who_is_torn_between_two_bindings_sees_nothing(stage: Stage) -> None:
    person = make_user(stage.cast.north, "x@north", Level.GROUP, group=stage.cast.support)
    bound, _ = make_application(stage.cast.north, "bound", group=stage.cast.sales)
    torn = Program(make_token(bound, user=person))
    for path in ("extension/", "extension_group/", "did/"):
        assert shown(torn, f"/extension_group/@me/{path}") == []
    assert shown(torn, "/client/") == [] and shown(torn, "/user/extension_group/") == []


@pytest.mark.clause("ringme", "Call control and callback: 501 in this error form")
@pytest.mark.parametrize("what", ["callback", "call_control"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_calls_are_not_made_here(stage: Stage, what: str, method: str) -> None:
    for owner in ("client/@me", f"extension_group/{stage.cast.sales.pk}", f"extension/{stage.cast.ext101.pk}"):
        for path in (f"/{owner}/{what}/", f"/{owner}/{what}", f"/{owner}/{what}/5/?x=1"):
            answer = tell(stage.kay, method, path, dst_num="102")
            assert answer.status_code == 501 and list(answer.json()) == ["message"]
    assert tell(stage.kay, method, f"/extension/{stage.cast.south101.pk}/{what}/").status_code == 404
    assert tell(Program("wrong"), method, f"/client/@me/{what}/").status_code == 401

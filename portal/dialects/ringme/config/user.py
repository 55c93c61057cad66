"""user/extension/ and user/extension_group/: people who see one extension or one group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib.auth.password_validation import validate_password

from portal.accounts import tokens
from portal.accounts.filters import UserFilter
from portal.accounts.models import Level, User
from portal.accounts.user_forms import free_login
from portal.clients.models import Client, ExtensionGroup, Status
from portal.dialects.bodies import Field, one_of, row_id, text, trimmed
from portal.dialects.params import Param, any_of, ids, texts
from portal.dialects.ringme.config.did import in_use
from portal.dialects.ringme.config.doors import NOTE, PAGES, ConfigDoor, Many, One
from portal.dialects.ringme.config.fields import EXTENSION_USER, GROUP_USER
from portal.dialects.ringme.config.storing import Rule, one_field

PERSON: dict[str, Field] = {
    "name": Field("full_name", trimmed(200), needed=True),
    "login": Field("login", trimmed(150), needed=True),
    "password": Field("password", text(1000, least=1), needed=True),
    "status": Field("status", one_of(*Status.values)),
    "access": Field("access", one_of("full", "read_only")),
    "email": Field("email", trimmed(254, least=0)),
    "timezone": Field("timezone", trimmed(60, least=0)),
    "comment": Field("comment", NOTE),
    "extra_params": Field("extra_params", NOTE),
}
FILTERS = {"login": Param("login", texts), "status": Param("status", any_of(*Status.values))}


class UserDoor(ConfigDoor):
    """People of one level. A password is taken and never told."""

    what, model, unique, own = "user", User, "login", ("id",)
    level: ClassVar[Level]

    def rows(self) -> Any:
        return super().rows().filter(level=self.level)

    def blank(self, client: Client) -> User:
        return User(client=client, level=self.level)

    def names(self) -> dict[str, str]:
        return super().names() | {"first_name": "name", "last_name": "name"}

    def give(self, row: User, values: dict[str, Any]) -> list[Rule]:
        said = dict(values)
        return [set_(row, said.pop(name)) for name, set_ in SETTERS.items() if name in said] + super().give(row, said)

    def write(self, row: User) -> dict[str, Any]:
        was_blocked = not row.is_active
        values = super().write(row)
        if "password" in values or (was_blocked and row.is_active):
            tokens.sign_out(row)
        return values


def set_name(user: User, name: str) -> Rule:
    user.first_name, _, user.last_name = name.partition(" ")
    return lambda: None


def set_access(user: User, access: str) -> Rule:
    user.read_only = access == "read_only"
    return lambda: None


def set_login(user: User, login: str) -> Rule:
    user.login = login.lower()
    return one_field("login", lambda: free_login(login, user))


def set_password(user: User, password: str) -> Rule:
    """Judged when all else is set: it must not be like the name."""
    user.set_password(password)
    return one_field("password", lambda: validate_password(password, user))


SETTERS: dict[str, Callable[[User, Any], Rule]] = {
    "full_name": set_name,
    "access": set_access,
    "login": set_login,
    "password": set_password,
}


class ExtensionUserDoor(UserDoor):
    level, answer = Level.EXTENSION, EXTENSION_USER
    body = PERSON | {"extension_id": Field("extension_id", row_id, needed=True)}
    reach = {"extension_id": in_use}


class GroupUserDoor(UserDoor):
    level, answer = Level.GROUP, GROUP_USER
    body = PERSON | {"extension_group_id": Field("group_id", row_id, needed=True)}
    reach = {"extension_group_id": ExtensionGroup.objects.visible_to}


class ExtensionUsers(ExtensionUserDoor, Many):
    params = PAGES | FILTERS | {"extension_id": Param("extension", ids)}
    filters = UserFilter


class OneExtensionUser(ExtensionUserDoor, One):
    place = "extension_user_id"


class GroupUsers(GroupUserDoor, Many):
    params = PAGES | FILTERS | {"extension_group_id": Param("group", ids)}
    filters = UserFilter


class OneGroupUser(GroupUserDoor, One):
    place = "group_user_id"

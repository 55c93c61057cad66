"""…/extension_group/: only a group that nothing belongs to is deleted."""

from __future__ import annotations

from portal.clients.deleting import delete_group
from portal.clients.filters import GroupFilter
from portal.clients.models import ExtensionGroup
from portal.dialects.bodies import Field, trimmed
from portal.dialects.params import Param, texts
from portal.dialects.ringme.config.doors import NOTE, PAGES, ConfigDoor, Many, One, Read, in_use
from portal.dialects.ringme.config.fields import GROUP


class GroupDoor(ConfigDoor):
    what, model, answer = "extension_group", ExtensionGroup, GROUP
    body = {
        "name": Field("name", trimmed(200), needed=True),
        "extra_params": Field("extra_params", NOTE),
    }
    own = ("id", "client_id")
    narrow = {"group_id": "id"}


class Groups(GroupDoor, Many):
    params = PAGES | {"name": Param("name", texts)}
    filters = GroupFilter


class OneGroup(GroupDoor, One):
    place = "extension_group"

    def remove(self, row: ExtensionGroup) -> None:
        if kept := delete_group(row):
            raise in_use(f"{row.name} was not deleted: {', '.join(kept)} belong to it")


class OwnGroups(Read, Groups):
    """The group realm shows itself."""


class OwnGroup(Read, OneGroup):
    pass

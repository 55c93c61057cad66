"""The addresses of a client's configuration."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import URLPattern
from rest_framework.views import APIView

from portal.dialects.ringme.config.client import ClientInfo, ClientLimit, Clients, OneClient
from portal.dialects.ringme.config.did import Dids, OneDid, OwnDid, OwnDids
from portal.dialects.ringme.config.doors import One
from portal.dialects.ringme.config.extension import Extensions, OneExtension, OwnExtension, OwnExtensions
from portal.dialects.ringme.config.group import Groups, OneGroup, OwnGroup, OwnGroups
from portal.dialects.ringme.config.user import ExtensionUsers, GroupUsers, OneExtensionUser, OneGroupUser
from portal.dialects.routes import loose

# Realm, resource, the view of many and of one.
IN_REALM: list[tuple[str, str, type[APIView], type[One]]] = [
    ("client", "extension", Extensions, OneExtension),
    ("extension_group", "extension", Extensions, OneExtension),
    ("extension", "extension", OwnExtensions, OwnExtension),
    ("client", "extension_group", Groups, OneGroup),
    ("extension_group", "extension_group", OwnGroups, OwnGroup),
    ("client", "did", Dids, OneDid),
    ("extension_group", "did", OwnDids, OwnDid),
    ("extension", "did", OwnDids, OwnDid),
    ("client", "user/extension", ExtensionUsers, OneExtensionUser),
    ("client", "user/extension_group", GroupUsers, OneGroupUser),
]


def of_many(where: str, many: type[APIView], one: type[One], **kwargs: str) -> Iterable[URLPattern]:
    yield loose(f"{where}/", many.as_view(), **kwargs)
    yield loose(f"{where}/<{one.place}>", one.as_view(), **kwargs)


urlpatterns: list[URLPattern] = [
    loose("client/", Clients.as_view()),
    loose("client/client_info/<owner>/", ClientInfo.as_view(), realm="client"),
    loose("client/<owner>", OneClient.as_view(), realm="client"),
    loose("client/<owner>/limit/", ClientLimit.as_view(), realm="client"),
    # The people of one's own client, whatever one's level.
    *of_many("user/extension", ExtensionUsers, OneExtensionUser),
    *of_many("user/extension_group", GroupUsers, OneGroupUser),
    *(
        pattern
        for realm, resource, many, one in IN_REALM
        for pattern in of_many(f"{realm}/<owner>/{resource}", many, one, realm=realm)
    ),
]

"""The ordinary way to the same rows: a ModelSerializer over select_related, page numbers with COUNT, the toolkit's own
authentication. It runs in a server of its own with the portal's settings, as the same role, walls up.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Callable
from typing import Any

import django
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.handlers.wsgi import WSGIHandler
from django.http import FileResponse, HttpRequest
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from oauth2_provider.contrib.rest_framework import OAuth2Authentication  # noqa: E402
from rest_framework import generics, pagination, serializers  # noqa: E402

from archives.models import ArchiveMember  # noqa: E402
from portal.access.isolation import bind  # noqa: E402
from portal.clients.lookups import named  # noqa: E402
from portal.dialects.params import moment  # noqa: E402
from records.models import Record  # noqa: E402

LEG = [
    *("ani_number", "application", "dest_domain", "dest_number", "did_domain", "did_number", "duration"),
    *("ext_number_reg", "flow", "from_domain", "from_screen_name", "from_username", "hangup_cause"),
    *("hangup_disposition", "result", "source_domain", "source_number", "to_domain", "to_username"),
]
GMT = "%Y-%m-%d %H:%M:%S"


class RecordSerializer(serializers.ModelSerializer):
    """The same 33 fields."""

    call_uuid = serializers.SerializerMethodField()
    client_owner_id = serializers.IntegerField(source="client_id")
    extension_group_owner_id = serializers.IntegerField(source="group_id")
    extension_id = serializers.IntegerField()
    extension_name = serializers.SerializerMethodField()
    extension_type = serializers.CharField(source="extension.type", allow_null=True)
    hangup_time_gmt = serializers.DateTimeField(source="leg.hangup_time", format=GMT)
    init_time_gmt = serializers.DateTimeField(source="init_time", format=GMT)
    start_time_gmt = serializers.DateTimeField(source="leg.start_time", format=GMT)
    record_file_size = serializers.IntegerField(source="size")
    record_uuid = serializers.SerializerMethodField()
    storage_url = serializers.SerializerMethodField()

    class Meta:
        model = Record
        fields = [
            "call_uuid",
            "client_owner_id",
            "extension_group_owner_id",
            "extension_id",
            "extension_name",
            "extension_type",
            "hangup_time_gmt",
            "init_time_gmt",
            "start_time_gmt",
            "record_file_size",
            "record_uuid",
            "file_name",
            "record_transfer",
            "storage_url",
            *LEG,
        ]

    def get_call_uuid(self, record: Record) -> str:
        return record.call.call_uuid.hex.upper()

    def get_extension_name(self, record: Record) -> str:
        return f"{record.client.prefix}*{record.extension.number}@{record.client.domain}"

    def get_record_uuid(self, record: Record) -> str:
        return f"{record.extension_id}-{record.uuid.hex.upper()}"

    def get_storage_url(self, record: Record) -> None:
        return None


for _name in LEG:
    RecordSerializer._declared_fields[_name] = serializers.ReadOnlyField(source=f"leg.{_name}")


class Pages(pagination.PageNumberPagination):
    page_size = 50
    page_size_query_param = "per_page"


class Everything(generics.ListAPIView):
    """All rows of a window."""

    authentication_classes = [OAuth2Authentication]
    permission_classes = []
    serializer_class = RecordSerializer
    pagination_class: Any = None

    def get_queryset(self) -> Any:
        query = self.request.GET
        return (
            Record.objects.filter(client_id=self.request.auth.application.tenant_id, state="available")
            .filter(init_time__gte=moment([query["start_datetime"]]), init_time__lte=moment([query["end_datetime"]]))
            .select_related("leg", "call", "extension", "client")
            .order_by("-init_time", "-id")
        )


class Paged(Everything):
    pagination_class = Pages


def bound(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, with the walls opened to the load data's largest client: the toolkit looks for tokens before that."""
    client = named("load-1")
    assert client is not None

    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        bind(client.pk)
        response = view(request, *args, **kwargs)
        return response.render() if hasattr(response, "render") else response

    return opened


def zipped(request: HttpRequest, archive_id: int) -> FileResponse:
    """The audio of an archive's members, written into a zip in a temporary file and sent from there."""
    made = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as written:
        for member in ArchiveMember.objects.filter(archive_id=archive_id, record__isnull=False).order_by("position"):
            written.write(default_storage.path(str(member.key)), member.name)
    made.seek(0)
    return FileResponse(made, as_attachment=True, filename="archive.zip")


urlpatterns = [
    path("all/", bound(Everything.as_view())),
    path("page/", bound(Paged.as_view())),
    path("archive/<int:archive_id>", bound(zipped)),
]
settings.ROOT_URLCONF = "benchmarks.ordinary"
application = WSGIHandler()

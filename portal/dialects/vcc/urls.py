"""The addresses of vcc under /api/recordings/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, re_path

from portal.dialects.documents import SchemaView
from portal.dialects.routes import loose
from portal.dialects.vcc.envelope import NoSuchAddress
from portal.dialects.vcc.views import CsvList, FileDoor, XmlList

addresses = [
    loose("files", XmlList.as_view(), name="vcc-files"),
    loose("files.xml", XmlList.as_view(), name="vcc-files-xml"),
    loose("files.csv", CsvList.as_view(), name="vcc-files-csv"),
    loose("schema/", SchemaView.as_view(schema="portal.dialects.vcc.schema.VccSchema"), name="vcc-schema"),
    loose("files/<day>/<name>", FileDoor.as_view(), name="vcc-file"),
    re_path(r"", NoSuchAddress.as_view()),
]
urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^/*api/+recordings/+", include(addresses)),
    re_path(r"^/*api/+recordings$", NoSuchAddress.as_view()),
]

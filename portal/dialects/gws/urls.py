"""The addresses of gws: below /api/v2/, the same below /recordings/ as in the paper's example, and the way in."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, re_path

from portal.dialects.documents import SchemaView
from portal.dialects.gws.envelope import NoSuchAddress
from portal.dialects.gws.incoming import MetadataIn
from portal.dialects.gws.views import Play, Recording, RecordingList
from portal.dialects.routes import loose

DOCUMENT = "portal.dialects.gws.schema.GwsSchema"
CENTER = "ops/contact-centers/<ccid>/"
api: list[URLPattern] = [
    loose("recordings", RecordingList.as_view()),
    loose("recordings/<recording_id>", Recording.as_view()),
    loose("recordings/<recording_id>/play/<media>", Play.as_view()),
    loose(f"{CENTER}recordings/<recording_id>", Recording.as_view()),
    loose(f"{CENTER}recordings/<recording_id>/play/<media>", Play.as_view()),
    loose("schema/", SchemaView.as_view(schema=DOCUMENT), name="gws-schema"),
    re_path(r"", NoSuchAddress.as_view()),
]
internal: list[URLPattern] = [
    loose("contact-centers/<ccid>/recordings", MetadataIn.as_view()),
    re_path(r"", NoSuchAddress.as_view()),
]
urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^/*api/+v2/+", include(api)),
    re_path(r"^/*internal-api/+", include(internal)),
    # A base address that the paper's example has, and the one of its mediaUri.
    re_path(r"^/*recordings/+", include(api)),
    re_path(r"^/*cloud-web/+api/+v2/+", include(api)),
    *(re_path(rf"^/*{root}$", NoSuchAddress.as_view()) for root in ("api/+v2", "internal-api", "recordings")),
]

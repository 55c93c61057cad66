"""/intake/v1/: a source_id may hold anything, a slash too; the first slash ends the source."""

from django.urls import re_path

from portal.intake.models import RawFact
from portal.intake.views import AudioDoor, FactsDoor, UnknownDoor

Kind = RawFact.Kind
THING = r"(?P<source>[^/]+)/(?P<source_id>[\s\S]+)"

urlpatterns = [
    re_path(r"^calls/?$", FactsDoor.as_view(kind=Kind.CALL), name="intake-calls"),
    re_path(r"^recordings/?$", FactsDoor.as_view(kind=Kind.RECORDING), name="intake-recordings"),
    re_path(r"^voicemessages/?$", FactsDoor.as_view(kind=Kind.VOICEMESSAGE), name="intake-voicemessages"),
    re_path(r"^events/?$", FactsDoor.as_view(kind=Kind.EVENT), name="intake-events"),
    re_path(rf"^recordings/{THING}\Z", AudioDoor.as_view(kind=Kind.RECORDING), name="intake-recording"),
    re_path(rf"^voicemessages/{THING}\Z", AudioDoor.as_view(kind=Kind.VOICEMESSAGE), name="intake-voicemessage"),
    re_path(r"^[\s\S]*\Z", UnknownDoor.as_view(), name="intake-unknown"),
]

"""The addresses of ringme under /api/ver1.0/, and the storage links at the host's root."""

from __future__ import annotations

from django.urls import URLPattern, re_path
from rest_framework.views import APIView

from portal.dialects.documents import SchemaView
from portal.dialects.ringme.account import Me
from portal.dialects.ringme.archive import ArchiveList, ArchiveOne, ArchiveSeen, ArchivesSeen
from portal.dialects.ringme.audit import AuditList
from portal.dialects.ringme.call_control import CALL_CONTROL, CallControl
from portal.dialects.ringme.calls import CallHistory, CallList, CallOfHistory
from portal.dialects.ringme.cdr import Cdr, CdrList, CdrStats
from portal.dialects.ringme.config import urls as config
from portal.dialects.ringme.current_calls import CurrentCalls
from portal.dialects.ringme.envelope import NoSuchAddress
from portal.dialects.ringme.event import EventList, EventOne
from portal.dialects.ringme.hold import HoldList, HoldOne
from portal.dialects.ringme.person import ErasureList, ErasureOne, PackList, PackOne, PersonLook
from portal.dialects.ringme.realms import OWN
from portal.dialects.ringme.record import RecordDownload, RecordFile, RecordLink, RecordList, RecordStats
from portal.dialects.ringme.retention import CertificateList, CertificateOne, Retention, RetentionPreview
from portal.dialects.ringme.schema.views import ExplorerView, SignedInView
from portal.dialects.ringme.storage import StorageLink
from portal.dialects.ringme.trash import TrashList, TrashRestore
from portal.dialects.ringme.voicemail import (
    VoicemailDownload,
    VoicemailFile,
    VoicemailLink,
    VoicemailList,
    VoicemailStats,
)
from portal.dialects.routes import loose

# Groups and extensions see what was made of them; it is asked for by who has the whole client.
ARCHIVE: dict[str, type[APIView]] = {"": ArchiveList, "<archive_uuid>": ArchiveOne}
ARCHIVE_SEEN: dict[str, type[APIView]] = {"": ArchivesSeen, "<archive_uuid>": ArchiveSeen}
RECORD: dict[str, type[APIView]] = {
    "": RecordList,
    "stats/": RecordStats,
    "<record_uuid>": RecordFile,
    "<record_uuid>/download/": RecordDownload,
    "<record_uuid>/storage_url/": RecordLink,
}
VOICEMAIL: dict[str, type[APIView]] = {
    "": VoicemailList,
    "stats/": VoicemailStats,
    "<record_uuid>": VoicemailFile,
    "<record_uuid>/download/": VoicemailDownload,
    "<record_uuid>/storage_url/": VoicemailLink,
}
CDR: dict[str, type[APIView]] = {"": CdrList, "stats/": CdrStats, "<cdr_uuid>": Cdr}
CALL_HISTORY: dict[str, type[APIView]] = {"": CallHistory, "<call_uuid>": CallOfHistory}

DOCUMENT = "portal.dialects.ringme.schema.document.RingmeSchema"


def in_realms(rest: str, views: dict[str, type[APIView]], *realms: str) -> list[URLPattern]:
    """The views of a resource in the client, group and extension realm, or in these alone."""
    return [
        loose(f"{realm}/<owner>/{rest}/{more}", view.as_view(), realm=realm)
        for realm in realms or OWN
        for more, view in views.items()
    ]


urlpatterns = [
    loose("user/", Me.as_view(), name="ringme-user"),
    # Before the recordings: `archive` is no uuid of one.
    *in_realms("record/archive", ARCHIVE, "client"),
    *in_realms("record/archive", ARCHIVE_SEEN, "extension_group", "extension"),
    *in_realms("record", RECORD),
    *in_realms("voicemail", VOICEMAIL),
    *in_realms("cdr", CDR),
    *in_realms("calls", {"": CallList}),
    *in_realms("call_history", CALL_HISTORY),
    loose("client/<owner>/audit/", AuditList.as_view(), realm="client"),
    loose("client/<owner>/trash/", TrashList.as_view(), realm="client"),
    loose("client/<owner>/trash/<trash_id>/restore/", TrashRestore.as_view(), realm="client"),
    loose("client/<owner>/hold/", HoldList.as_view(), realm="client"),
    loose("client/<owner>/hold/<hold_id>", HoldOne.as_view(), realm="client"),
    loose("client/<owner>/retention/", Retention.as_view(), realm="client"),
    loose("client/<owner>/retention/preview/", RetentionPreview.as_view(), realm="client"),
    loose("client/<owner>/retention/certificate/", CertificateList.as_view(), realm="client"),
    loose("client/<owner>/retention/certificate/<certificate_uuid>", CertificateOne.as_view(), realm="client"),
    loose("client/<owner>/person/", PersonLook.as_view(), realm="client"),
    loose("client/<owner>/person/archive/", PackList.as_view(), realm="client"),
    loose("client/<owner>/person/archive/<pack_uuid>", PackOne.as_view(), realm="client"),
    loose("client/<owner>/person/erasure/", ErasureList.as_view(), realm="client"),
    loose("client/<owner>/person/erasure/<erasure_uuid>", ErasureOne.as_view(), realm="client"),
    *in_realms("current_calls", {"": CurrentCalls}),
    *in_realms("event", {"": EventList, "<event_id>/": EventOne}),
    loose("schema/", SchemaView.as_view(schema=DOCUMENT), name="ringme-schema"),
    loose("client_api_explorer/", ExplorerView.as_view(), name="ringme-explorer"),
    loose("client_api_explorer/signed_in/", SignedInView.as_view(), name="ringme-explorer-signed-in"),
    *config.urlpatterns,
    re_path(CALL_CONTROL, CallControl.as_view()),
    re_path(r"", NoSuchAddress.as_view()),
]
root_urlpatterns = [
    re_path(r"^/*storage/+(?P<token>[^/]+)/*$", StorageLink.as_view(), name="storage-link"),
    re_path(r"^/*api/+ver1\.0$", NoSuchAddress.as_view()),
]

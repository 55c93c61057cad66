from django.urls import path

from records import media_views

urlpatterns = [
    path("records/<uuid:uuid>/audio", media_views.RecordAudio.as_view(), name="record-audio"),
    path("records/<uuid:uuid>/peaks", media_views.RecordPeaks.as_view(), name="record-peaks"),
    path("records/<uuid:uuid>/download", media_views.RecordDownload.as_view(), name="record-download"),
    path("voicemessages/<uuid:uuid>/audio", media_views.VoiceMessageAudio.as_view(), name="voicemessage-audio"),
    path("voicemessages/<uuid:uuid>/peaks", media_views.VoiceMessagePeaks.as_view(), name="voicemessage-peaks"),
]

from django.urls import path

from portal.pages import call, calls, calls_csv, voicemessages

urlpatterns = [
    path("", calls.HomePage.as_view(), name="home"),
    path("calls/", calls.CallsPage.as_view(), name="calls"),
    path("calls.csv", calls_csv.CallsCsv.as_view(), name="calls-csv"),
    path("calls/<uuid:call_uuid>/", call.CallPage.as_view(), name="call"),
    path("voicemessages/", voicemessages.VoiceMessagesPage.as_view(), name="voicemessages"),
]

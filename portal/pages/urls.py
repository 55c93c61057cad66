from django.urls import path

from portal.pages import call, calls, calls_csv, holds, ledger, mails, trash, voicemessages, webhook_form, webhooks

urlpatterns = [
    path("", calls.HomePage.as_view(), name="home"),
    path("calls/", calls.CallsPage.as_view(), name="calls"),
    path("calls.csv", calls_csv.CallsCsv.as_view(), name="calls-csv"),
    path("calls/<uuid:call_uuid>/", call.CallPage.as_view(), name="call"),
    path("audit/", ledger.LedgerPage.as_view(), name="audit"),
    path("audit.csv", ledger.LedgerCsv.as_view(), name="audit-csv"),
    path("audit/head", ledger.LedgerHead.as_view(), name="audit-head"),
    path("audit/verify", ledger.LedgerVerify.as_view(), name="audit-verify"),
    path("calls/<uuid:call_uuid>/hold/", holds.CallHold.as_view(), name="call-hold"),
    path("holds/", holds.HoldsPage.as_view(), name="holds"),
    path("holds/new/", holds.HoldNew.as_view(), name="hold-new"),
    path("holds/<int:pk>/", holds.HoldDetail.as_view(), name="hold"),
    path("mails/", mails.MailsPage.as_view(), name="mails"),
    path("webhooks/", webhooks.WebhooksPage.as_view(), name="webhooks"),
    path("webhooks/new/", webhook_form.WebhookNew.as_view(), name="webhook-new"),
    path("webhooks/<int:pk>/", webhooks.WebhookDetail.as_view(), name="webhook"),
    path("webhooks/<int:pk>/delete/", webhooks.WebhookDelete.as_view(), name="webhook-delete"),
    path("webhooks/messages/<int:pk>/again/", webhooks.SendAgain.as_view(), name="webhook-again"),
    path("voicemessages/", voicemessages.VoiceMessagesPage.as_view(), name="voicemessages"),
    path("voicemessages/<uuid:uuid>/delete", trash.VoiceMessageToTrash.as_view(), name="voicemessage-to-trash"),
    path("records/<uuid:uuid>/delete", trash.RecordToTrash.as_view(), name="record-to-trash"),
    path("trash/", trash.TrashPage.as_view(), name="trash"),
    path("trash/<int:pk>/restore", trash.Restore.as_view(), name="trash-restore"),
    path("trash/<int:pk>/remove", trash.RemoveNow.as_view(), name="trash-remove"),
    path("deletions/<int:pk>/undo", trash.Undo.as_view(), name="deletion-undo"),
]

from django.contrib import admin

from cdrs.admin import ReadOnly
from records.models import MediaFile, Record, VoiceMessage


@admin.register(Record)
class RecordAdmin(ReadOnly):
    list_display = ["init_time", "file_name", "extension", "state", "seconds", "size", "findings"]
    list_filter = ["state"]
    list_select_related = ["extension"]
    exclude = ["sketch", "facts_hash"]


@admin.register(VoiceMessage)
class VoiceMessageAdmin(ReadOnly):
    list_display = ["init_time", "extension", "caller_number", "state", "seconds", "folder", "is_new"]
    list_filter = ["state", "is_new"]
    list_select_related = ["extension"]
    exclude = ["sketch", "facts_hash"]


@admin.register(MediaFile)
class MediaFileAdmin(ReadOnly):
    list_display = ["created_at", "codec", "sample_rate", "channels", "seconds", "size", "playable"]
    list_filter = ["codec", "playable"]
    exclude = ["peaks"]

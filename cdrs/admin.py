from django.contrib import admin

from cdrs.models import Call, Leg
from portal.web.admin import ClientAdmin


class ReadOnly(ClientAdmin):
    readonly = True


@admin.register(Call)
class CallAdmin(ReadOnly):
    list_display = ["started_at", "direction", "caller_number", "called_number", "result", "recordings"]
    list_filter = ["direction", "result"]


@admin.register(Leg)
class LegAdmin(ReadOnly):
    list_display = ["init_time", "flow", "extension", "from_username", "to_username", "result", "duration"]
    list_filter = ["flow", "result"]
    list_select_related = ["extension"]

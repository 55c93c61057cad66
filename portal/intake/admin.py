from django.contrib import admin

from cdrs.admin import ReadOnly
from portal.intake.models import ImportRun, QuarantinedMedia, RawFact


@admin.register(RawFact)
class RawFactAdmin(ReadOnly):
    """The raw inbox: what came in, as it came."""

    list_display = ["received_at", "kind", "source", "source_id", "status", "error"]
    list_filter = ["status", "kind", "source"]
    fields = ["received_at", "kind", "source", "source_id", "status", "error", "as_it_came"]

    @admin.display(description="as it came")
    def as_it_came(self, row: RawFact) -> str:
        return bytes(row.body).decode("utf-8", "replace")


@admin.register(QuarantinedMedia)
class QuarantinedMediaAdmin(ReadOnly):
    """Media that no decoder knows."""

    list_display = ["received_at", "kind", "source", "source_id", "size", "reason"]


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnly):
    list_display = ["started_at", "source", "path", "position", "finished_at", "counts"]

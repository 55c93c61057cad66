"""The FilterSet of archives: pages and dialects ask for them in these words."""

from __future__ import annotations

from archives.models import Archive
from portal.web.filtersets import AnyOf, LeanFilterSet


class ArchiveFilter(LeanFilterSet):
    """Each takes one value or a list; `states` are values of archives.models.State."""

    states = AnyOf("state")
    extensions = AnyOf("extension_id")

    class Meta:
        model = Archive
        fields: list[str] = []

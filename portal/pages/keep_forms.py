"""For how long things are to be kept, as the page Keep asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from archives.retention.changing import proposed
from archives.retention.models import FOR_EVER
from archives.retention.terms import ARCHIVES, CDRS, KINDS, OF_GROUPS, RECORDS, VOICEMESSAGES, Days, Terms
from portal.clients.models import ExtensionGroup
from portal.clients.settings import MOST_DAYS

LABELS = {
    RECORDS: "Recordings",
    VOICEMESSAGES: "Voice messages",
    CDRS: "Calls and CDRs",
    ARCHIVES: "History of archives",
}
HINTS = {CDRS: "A call keeps its CDRs as long as it has a recording."}


def days(kind: str, empty: str) -> forms.IntegerField:
    widget = forms.NumberInput({"inputmode": "numeric", "placeholder": empty})
    return forms.IntegerField(
        label=f"{LABELS[kind]}, days",
        required=False,
        min_value=FOR_EVER,
        max_value=MOST_DAYS,
        widget=widget,
        help_text=HINTS.get(kind, ""),
    )


class ClientTermsForm(forms.Form):
    """The client's own days; none, or 0: for ever."""

    kinds: tuple[str, ...] = KINDS
    empty = "for ever"

    def __init__(self, data: Any, standing: Terms, group: ExtensionGroup | None = None) -> None:
        self.standing, self.group = standing, group
        super().__init__(data, initial=self.written())
        self.fields.update({kind: days(kind, self.empty) for kind in self.kinds})

    def written(self) -> dict[str, int | None]:
        return dict(self.standing.client)

    def wanted(self) -> Terms:
        return proposed(self.standing, {kind: self.cleaned_data[kind] or None for kind in self.kinds})

    def as_asked(self) -> Mapping[str, Any]:
        """What is to be sent again to save what is shown."""
        return {kind: "" if (n := self.cleaned_data[kind]) is None else n for kind in self.kinds}


class GroupTermsForm(ClientTermsForm):
    """A group's own days; none: as the client, 0: for ever."""

    kinds = OF_GROUPS
    empty = "as the client"

    def written(self) -> dict[str, int | None]:
        assert self.group is not None
        own = self.standing.groups.get(self.group.pk, {})
        return {kind: FOR_EVER if days is None else days for kind, days in own.items()}

    def wanted(self) -> Terms:
        assert self.group is not None
        own: dict[str, Days] = {
            kind: None if n == FOR_EVER else n for kind in self.kinds if (n := self.cleaned_data[kind]) is not None
        }
        return proposed(self.standing, {}, {**self.standing.groups, self.group.pk: own})

"""`RecID` of a hangup: a recording mostly comes after the end, so it is looked for when the message goes out."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from portal.access.principal import whole_client
from portal.dialects.ringme.notices import DIALECT
from portal.live.models import Delivery, Subscription
from records.models import Record


def complete(sender: Any, subscription: Subscription, delivery: Delivery, **kwargs: Any) -> None:
    """Receiver of portal.live.signals.going_out: the extension's first recording of the call, where it is here."""
    if (subscription.dialect, subscription.moment) != (DIALECT, Subscription.Moment.ENDED):
        return
    told = dict(parse_qsl(delivery.body, keep_blank_values=True))
    if (told.get("RecID"), told.get("Bridged")) != ("", "yes"):
        return
    extension_id = int(told["SubCallID"].partition("-")[0])
    heard = Record.objects.visible_to(whole_client(delivery.client_id)).available()
    own = heard.filter(call__call_uuid=UUID(delivery.thread), extension_id=extension_id)
    if found := own.order_by("init_time", "id").first():
        delivery.body = urlencode(told | {"RecID": f"{extension_id}-{found.uuid.hex.upper()}"})

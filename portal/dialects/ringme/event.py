"""…/event/: who is told of what happens in calls, in the three realms."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from portal.audit.changes import changed
from portal.dialects.bodies import Body, Field, one_of, read_body
from portal.dialects.door import Refused
from portal.dialects.params import BadParameters, Wrong
from portal.dialects.ringme import realms
from portal.dialects.ringme.envelope import RingmeDoor
from portal.dialects.ringme.notices import DIALECT, EVENT_TYPES, TYPE_OF
from portal.live.models import Subscription
from portal.live.subscribing import MOST, checked, is_full


def url(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is needed")
    return checked(value)


def event_type(value: Any) -> str:
    return EVENT_TYPES[one_of(*EVENT_TYPES)(value)]


def method(value: Any) -> str:
    return one_of(*Subscription.Method.values)(value.upper() if isinstance(value, str) else value)


EVENT: Body = {
    "url": Field("url", url, needed=True),
    "method": Field("method", method, needed=True),
    "event_type": Field("moment", event_type, needed=True),
}


class EventDoor(RingmeDoor):
    """The subscriptions made at one place: a client, a group or an extension, and not those below it."""

    deeds = {"GET": "events:read", "POST": "events:write", "PUT": "events:write", "DELETE": "events:write"}
    call_api = True

    def place(self) -> dict[str, int]:
        """The group or extension of the address; nothing for the client. Refused where it may not be entered."""
        realm, owner = self.kwargs["realm"], self.kwargs["owner"]
        realms.enter(self.principal, realm, owner)
        own = getattr(self.principal, realms.OWN[realm])
        return {} if realm == "client" else {realms.OWN[realm]: own if owner == realms.ME else int(owner)}

    def subscriptions(self) -> Any:
        rows = Subscription.objects.visible_to(self.principal).filter(dialect=DIALECT)
        return rows.at_level(**self.place()).order_by("id")

    def subscription(self) -> Subscription:
        text = self.kwargs["event_id"]
        found = self.subscriptions().filter(pk=int(text)).first() if realms.is_id(text) else None
        if found is None:
            raise Refused(404, "Event not found")
        return found


class EventList(EventDoor):
    http_method_names = ["get", "head", "post"]
    deeds = {"GET": "events:read", "POST": "events:write"}

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        return self.json([row(one) for one in self.subscriptions()])

    def post(self, request: Request, **kwargs: Any) -> HttpResponse:
        place = self.place()
        values = read_body(request._request, EVENT)
        client_id = self.principal.client_id
        assert client_id is not None
        if is_full(client_id):
            raise BadParameters(Wrong("url", f"a client has at most {MOST} event subscriptions"))
        made = Subscription.objects.create(client_id=client_id, dialect=DIALECT, **place, **values)
        changed(self.principal, made, "made")
        return self.json(row(made), 201)


class EventOne(EventDoor):
    http_method_names = ["get", "head", "put", "delete"]
    deeds = {"GET": "events:read", "PUT": "events:write", "DELETE": "events:write"}

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        return self.json(row(self.subscription()))

    def put(self, request: Request, **kwargs: Any) -> HttpResponse:
        subscription = self.subscription()
        values = read_body(request._request, EVENT, partial=True)
        for name, value in values.items():
            setattr(subscription, name, value)
        subscription.save(update_fields=["url", "method", "moment"])
        changed(self.principal, subscription, "changed", values)
        return self.json(row(subscription))

    def delete(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Its messages that wait go with it."""
        subscription = self.subscription()
        changed(self.principal, subscription, "deleted")
        subscription.delete()
        return HttpResponse(status=204)


def row(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": subscription.pk,
        "url": subscription.url,
        "method": subscription.method,
        "event_type": TYPE_OF[subscription.moment],
    }

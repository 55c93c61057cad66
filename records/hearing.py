"""A sound on its way out, and who gets it: every way in sends files through here, and the ledger says so."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from portal.access.principal import Principal
from portal.audit import hearing
from portal.audit.actions import Action, ActorKind
from portal.audit.hearing import Sound
from portal.audit.ledger import Actor, actor_of
from portal.media.delivery import StoredFile, asked_of, deliver, sent_by_proxy
from records.models import Heard, MediaFile

log = logging.getLogger(__name__)
WAV_HEAD = 44
ANSWERED = (200, 206, 304)  # 304: somebody hears it from a copy that their browser has


def holder_of_link(client_id: int) -> Actor:
    """Whoever opens a storage link."""
    return Actor(ActorKind.LINK, client_id=client_id)


def sent(
    request: HttpRequest,
    action: Action,
    who: Principal | Actor,
    heard: Heard,
    media: MediaFile,
    file: StoredFile,
    **how: Any,
) -> HttpResponseBase:
    """The answer to a request for a file of `heard`, noted in the request's transaction. Raises MediaGone.

    Which bytes of it were sent is added when the body ends; where a proxy sends them, those that were asked for.
    """
    if request.method != "GET":
        return deliver(request, file, **how)
    actor, own = actor_of(who), file.key == media.key
    head = WAV_HEAD if own and media.container == "wav" else 0
    sound = Sound(heard._meta.model_name or "", heard.uuid, file.size, media.seconds, head)
    session: list[int] = []

    def told(first: int, count: int) -> None:
        if session:
            added(heard.client_id, session[0], first, count)

    response = deliver(request, file, told=told, **how)
    if response.status_code in ANSWERED:
        session.append(hearing.begun(action, actor, sound))
        if sent_by_proxy() and (asked := asked_of(request, file)):
            hearing.add(heard.client_id, session[0], asked.first, asked.length, requested=True)
    return response


def added(client_id: int, session: int, first: int, count: int) -> None:
    """After the body: nothing that goes wrong here may become the listener's."""
    try:
        hearing.add(client_id, session, first, count)
    except Exception:
        log.exception("%d bytes that were sent are not in the ledger of client %d", count, client_id)

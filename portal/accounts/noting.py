"""Coming in and going out: of a client's people in its ledger, of operators in the installation's."""

from __future__ import annotations

from typing import Any

from portal.access.isolation import scope
from portal.access.principal import Principal
from portal.accounts import lookups
from portal.accounts.models import Application
from portal.audit.actions import Action, ActorKind
from portal.audit.ledger import Actor, Target, note
from portal.audit.refusals import refused


def actor(user: Any) -> Actor:
    return Actor(ActorKind.USER, user.pk, user.client_id)


def signed_in(user: Any) -> None:
    """Within the user's scope."""
    note(Action.SIGN_IN, actor(user))


def signed_out(user: Any) -> None:
    with scope(user.client_id, operator=user.client_id is None):
        note(Action.SIGN_OUT, actor(user))


def failed(login: str, way: str) -> None:
    """A wrong password, by a `way` in: `page`, `password` (the grant), `basic`.

    A login that is nobody's is noted too, without it: the time it takes must not tell which logins there are.
    """
    user = lookups.user_by_login(login.strip().lower()) if login else None
    client_id = None if user is None else user.client_id
    target: Target = None if user is None else ("user", user.pk)
    with scope(client_id, operator=client_id is None):
        refused(client_id, way, target)


def failed_secret(application: Application | None) -> None:
    """A wrong secret of an application, or none that is known."""
    client_id = None if application is None else application.tenant_id
    target: Target = None if application is None else ("application", application.pk)
    with scope(client_id, operator=client_id is None):
        refused(client_id, "client_secret", target)


def failed_token(client_id: int | None, way: str) -> None:
    """A wrong token of a client's own, or for a name that is no client's."""
    with scope(client_id, operator=client_id is None):
        refused(client_id, way, None)


def entered(operator: Principal, client_id: int) -> None:
    """An operator works in a client from now on: its ledger says so."""
    with scope(client_id, operator=True):
        note(Action.SIGN_IN, Actor(ActorKind.USER, operator.user_id, client_id), ("client", client_id))


def token_issued(request: Any) -> None:
    """A program has come in; for whom and how. The transaction is bound to the application's client."""
    application, user = request.client, request.user
    target: Target = ("user", user.pk) if user is not None else None
    who = Actor(ActorKind.APPLICATION, application.pk, application.tenant_id)
    note(Action.TOKEN_ISSUED, who, target, grant=request.grant_type)


def token_ended(application: Application, **details: Any) -> None:
    """An application ended one of its tokens, or used one that had been used: then all that came of it has ended."""
    note(Action.TOKEN_ENDED, Actor(ActorKind.APPLICATION, application.pk, application.tenant_id), **details)

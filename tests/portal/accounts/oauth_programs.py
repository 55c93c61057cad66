"""Applications that act for people, and what they say to /oauth/."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.test import Client as Browser

from portal.accounts.models import Application
from portal.clients.models import Client
from tests.factories import make_application

TOKEN, REVOKE, INTROSPECT, AUTHORIZE = "/oauth/token", "/oauth/revoke_token/", "/oauth/introspect/", "/oauth/authorize"
CALLBACK = "https://desk.example/cb"


def challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


@dataclass
class Program:
    """One application, as its maker wrote it."""

    application: Application
    secret: str
    redirect_uri: str = CALLBACK
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def named(self) -> dict[str, str]:
        known = {"client_id": self.application.client_id}
        return known if self.application.client_type == "public" else known | {"client_secret": self.secret}

    def post(self, address: str, **said: str) -> Any:
        return Browser().post(address, self.named | said)

    def token(self, grant_type: str, **said: str) -> Any:
        return self.post(TOKEN, grant_type=grant_type, **said)

    def refresh(self, token: str, **said: str) -> Any:
        return self.token("refresh_token", refresh_token=token, **said)

    def asking(self, **more: str | None) -> str:
        """The address a person is sent to."""
        said: dict[str, Any] = {
            "response_type": "code",
            "client_id": self.application.client_id,
            "redirect_uri": self.redirect_uri,
            "state": "st&te",
            "code_challenge": challenge(self.verifier),
            "code_challenge_method": "S256",
        }
        said |= more
        return f"{AUTHORIZE}?{urlencode({name: value for name, value in said.items() if value is not None})}"

    def code(self, browser: Browser, **more: str) -> str:
        """The code that comes back when the person allows it."""
        answer = browser.post(self.asking(**more), {"decision": "allow"})
        assert answer.status_code == 302, answer.content[:300]
        back = query_of(answer["Location"])
        assert "code" in back, back
        return back["code"]

    def exchange(self, code: str, **said: str) -> Any:
        told = {"code": code, "redirect_uri": self.redirect_uri, "code_verifier": self.verifier} | said
        return self.token("authorization_code", **told)


def desk(client: Client, **fields: Any) -> Program:
    """A program on people's machines: it has no secret, and people let it in."""
    uris = fields.pop("redirect_uris", CALLBACK)
    return Program(*make_application(client, "Desk", type="public", redirect_uris=uris, **fields))


def dialler(client: Client, **fields: Any) -> Program:
    """A program that people tell their passwords."""
    return Program(*make_application(client, "Dialler", type="password_credentials", **fields))


def granted(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content[:300]
    body: dict[str, Any] = answer.json()
    assert body["token_type"] == "Bearer" and body["expires_in"] == 3600
    assert answer["Cache-Control"] == "no-store"
    return body


def refused(answer: Any, error: str) -> None:
    assert answer.status_code == 401, answer.content[:300]
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["error"] == error and answer.json()["error_description"]


def me(token: str) -> Any:
    return Browser().get("/api/ver1.0/user/", headers={"Authorization": f"Bearer {token}"})

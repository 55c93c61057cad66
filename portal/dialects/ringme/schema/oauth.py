"""OAuth's addresses at the host's root, as path items."""

from __future__ import annotations

from typing import Any

from portal.accounts.token_endpoint import GRANTS
from portal.dialects.json_types import Schema, choice, example_of, ref, text, thing, truth, whole

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
NAME = {
    "client_id": text("The application; `application_id` too, or HTTP Basic"),
    "client_secret": text("Its secret; `application_secret` too. A public application has none"),
}
TOKEN_REQUEST = thing(
    {
        "grant_type": choice("How the token is asked for", *GRANTS),
        **NAME,
        "scope": text("Words divided by blanks; absent: all but `intake:write`", "record:read cdr:read"),
        "username": text("Of the password grant: a login"),
        "password": text("Of the password grant"),
        "code": text("Of the authorization_code grant"),
        "code_verifier": text("Of the authorization_code grant: what the code_challenge was made from"),
        "redirect_uri": text("Of the authorization_code grant: as it was asked for"),
        "refresh_token": text("Of the refresh_token grant"),
    },
    optional=(*NAME, "scope", "username", "password", "code", "code_verifier", "redirect_uri", "refresh_token"),
) | {"additionalProperties": True}
ONE_TOKEN = thing(
    {"token": text("The token"), **NAME, "token_type_hint": text("Not needed")}, optional=(*NAME, "token_type_hint")
) | {"additionalProperties": True}
ERRORS = (
    *("invalid_request", "invalid_client", "invalid_grant", "invalid_scope"),
    *("unauthorized_client", "unsupported_grant_type", "unsupported_token_type", "rate_limit_exceeded"),
)
COMPONENTS: dict[str, Schema] = {
    "Token": thing(
        {
            "access_token": text("Good for an hour", "5wYc…"),
            "expires_in": whole("Seconds", 3600),
            "token_type": choice("What kind", "Bearer"),
            "scope": text("What it may do", "record:read cdr:read"),
            "refresh_token": text("Where the token is a person's: for the next one", "b1Fh…"),
        },
        optional=("refresh_token",),
    ),
    "OAuthError": thing({"error": choice("What is wrong", *ERRORS), "error_description": text("In a sentence")}),
    "Introspection": thing(
        {
            "active": truth("Whether it holds", True),
            "client_id": text("Its application"),
            "scope": text("What it may do", "record:read"),
            "iat": whole("When it was made, seconds since 1970", 1790602680),
            "exp": whole("When it ends", 1790606280),
            "sub": text("Id of its user, or its application", "7"),
            "username": text("Login of its user", "nora@north"),
            "token_type": choice("What kind", "Bearer", "refresh_token"),
        },
        optional=("client_id", "scope", "iat", "exp", "sub", "username", "token_type"),
    ),
}


def answered(about: str, schema: Schema, headers: tuple[str, ...] = ()) -> Schema:
    response: Schema = {"description": about}
    if headers:
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
    return response | {"content": {"application/json": {"schema": schema, "example": example_of(schema, COMPONENTS)}}}


REFUSED = {
    "401": answered("Refused", ref("OAuthError")),
    "429": answered("Too many from this address", ref("OAuthError"), ("Retry-After",)),
}


def posted(name: str, summary: str, body: Schema, answer: Schema, about: str = "") -> Schema:
    """POST of a form by an application that names itself."""
    operation: Schema = {
        "operationId": name,
        "tags": ["oauth"],
        "summary": summary,
        "parameters": [],
        "requestBody": {"required": True, "content": {FORM: {"schema": body}, MULTIPART: {"schema": body}}},
        "security": [],
        "responses": {"200": answer} | REFUSED,
    }
    return operation | ({"description": about} if about else {})


def asked(name: str, about: str, needed: bool = True, **more: Any) -> Schema:
    return {"name": name, "in": "query", "required": needed, "description": about, "schema": {"type": "string"} | more}


PAGE = {"text/html": {"schema": {"type": "string"}}}
AUTHORIZE: Schema = {
    "operationId": "oauth_authorize",
    "tags": ["oauth"],
    "summary": "A page on which a person lets a public application in",
    "description": "For a browser. The person signs in first, and then allows or denies.",
    "parameters": [
        asked("response_type", "`code`", enum=["code"]),
        asked("client_id", "The application"),
        asked("redirect_uri", "One of its registered addresses, to come back to"),
        asked("code_challenge", "SHA-256 of the code_verifier, base64url", pattern="^[A-Za-z0-9_-]{43}$"),
        asked("code_challenge_method", "`S256`", enum=["S256"]),
        asked("scope", "Words divided by blanks", False),
        asked("state", "Comes back as it was", False),
    ],
    "security": [],
    "responses": {
        "200": {"description": "The question", "content": PAGE},
        "302": {"description": "To the sign-in, or back to the application with what is wrong"},
        "400": {"description": "Nobody is sent anywhere: the application or its address is not known", "content": PAGE},
        "403": {"description": "Who signed in cannot let this application in", "content": PAGE},
    },
}
PATHS: dict[str, Any] = {
    "/oauth/token": {
        "post": posted(
            "oauth_token",
            "An access token",
            TOKEN_REQUEST,
            answered("The token", ref("Token")),
            "The fields may also stand in the query of a POST with an empty body.",
        )
    },
    "/oauth/authorize": {"get": AUTHORIZE},
    "/oauth/revoke_token/": {
        "post": posted(
            "oauth_revoke",
            "End a token, and its refresh token with it",
            ONE_TOKEN,
            answered("It holds no longer, or never did", {"type": "object", "examples": [{}]}),
        )
    },
    "/oauth/introspect/": {
        "post": posted(
            "oauth_introspect",
            "Whether a token of one's own holds",
            ONE_TOKEN,
            answered("What there is to say", ref("Introspection")),
        )
    },
}

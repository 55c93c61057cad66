"""Slashes: one more, one less or two at once make no difference."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client as Browser

from portal.dialects.routes import loose

PATTERN = loose("client/<owner>/record/<record_uuid>/download/", lambda request: HttpResponse(), realm="client")


@pytest.mark.clause("ringme", "Every path answers with and without its last slash, and with a doubled slash")
@pytest.mark.parametrize(
    "path", ["client/7/record/x/download", "client/7/record/x/download/", "/client//7/record//x/download//"]
)
def test_a_path_is_found_with_its_slashes_in_any_number(path: str) -> None:
    found = PATTERN.resolve(path)
    assert found is not None and found.kwargs == {"owner": "7", "record_uuid": "x", "realm": "client"}


@pytest.mark.parametrize(
    "path", ["client/7/record/download", "client/7/record/x/download/y", "xclient/7/record/x/download"]
)
def test_another_path_is_not(path: str) -> None:
    assert PATTERN.resolve(path) is None


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/ver1.0", "/api/ver1.0/", "/api//ver1.0/nothing", "/api/ver1.0//"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PATCH", "OPTIONS"])
def test_an_unknown_address_is_404_in_the_dialects_tongue(path: str, method: str) -> None:
    answer = Browser().generic(method, path)
    assert answer.status_code == 404 and answer.json() == {"message": "Not found."}

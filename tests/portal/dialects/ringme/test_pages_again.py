"""A page asked for again is the same: its statement is prepared by then, and may end the request's transaction."""

from __future__ import annotations

import pytest

from tests.portal.dialects.ringme.conftest import WINDOW, Stage


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("resource", ["record", "voicemail", "cdr", "calls", "call_history"])
def test_a_page_is_the_same_each_time(stage: Stage, resource: str) -> None:
    address = f"/client/{stage.cast.north.pk}/{resource}/"
    answers = [stage.kay.get(address, WINDOW | {"per_page": 2}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.content for answer in answers}) == 1
    told = answers[0].json()
    rows = told if isinstance(told, list) else told[resource]
    assert len(rows) == (0 if resource == "voicemail" else 2)
    if resource == "call_history":
        assert all(call["cdr"] for call in rows), "the legs are read after the calls"

"""What docs/api/gws.md tells people to type works as it stands there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured

from portal.clients.settings import SETTINGS
from portal.dialects.gws.envelope import STATUS_CODES
from portal.dialects.gws.params import SEARCH
from tests.factories import PASSWORD, Cast
from tests.facts import sound
from tests.portal.dialects.gws.conftest import golden, person, recorded
from tests.portal.dialects.gws.test_metadata import leave
from tests.portal.media.sounds import tone, write_mp3

DOCUMENT = (Path(configured.BASE_DIR) / "docs" / "api" / "gws.md").read_text()
BLOCKS = [block for block in re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL) if "curl" in block]
HOST = "http://localhost:8000"


@pytest.mark.django_db(transaction=True)
@pytest.mark.clause("gws", "the documented curl lines work")
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is what newcomers type")
def test_each_line_of_curl_works(cast: Cast, live_server: Any, tmp_path: Path) -> None:
    call, _ = recorded(cast, 0, sound(1), caller_number="+15551006468", called_number="101")
    person(call, "alice@north", first_name="Alice", last_name="Amber")
    leave(cast.north, "2013/05/call.mp3", write_mp3(tmp_path / "left.mp3", tone(1.0)).read_bytes())
    script = 'curl() { command curl -sS -w "\\n" "$@"; }\n' + "\n".join(BLOCKS).replace(HOST, live_server.url)
    environment = os.environ | {"LOGIN": "nora@north", "PASSWORD": PASSWORD, "CCID": str(cast.north.pk)}
    ran = subprocess.run(
        ["bash", "-eu", "-c", script], cwd=tmp_path, env=environment, capture_output=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr.decode()
    *searches, one, held, deleted, posted = (json.loads(line) for line in ran.stdout.splitlines() if line.strip())
    found = [[recording["id"] for recording in answer["recordings"]] for answer in searches]
    mine = call.call_uuid.hex.upper()
    assert found == [[mine]] * 4
    assert one["recording"]["id"] == mine
    assert held == posted == {"statusCode": 0}
    assert deleted["statusCode"] == 3
    assert (tmp_path / "call.mp3").read_bytes()[0] == 0xFF


def test_the_document_names_what_there_is() -> None:
    told = golden("recording.json", id="", media="", caller="")["recording"]
    (file,) = told["mediaFiles"]
    for name in (*SEARCH, *told, *file, *told["eventHistory"][0], *told["eventHistory"][0]["contact"]):
        assert f"`{name}`" in DOCUMENT, name
    assert "csrf_token" in SETTINGS
    pairs = {
        (int(code), int(pair[1]))
        for pair in re.findall(r"\| ([\d, ]+) \| (\d+) \|", DOCUMENT)
        for code in pair[0].split(",")
    }
    known = {(key if isinstance(key, int) else key[0], code) for key, code in STATUS_CODES.items()}
    assert pairs == known

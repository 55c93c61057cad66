"""What docs/api/vcc.md tells people to type works as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured

from tests.factories import NOON, Cast
from tests.facts import sound
from tests.portal.dialects.vcc.conftest import NAMES, from_csv, from_xml, listed, token_of

DOCUMENT = (Path(configured.BASE_DIR) / "docs" / "api" / "vcc.md").read_text()
BLOCKS = [block for block in re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL) if "curl" in block]


@pytest.mark.django_db(transaction=True)
@pytest.mark.clause("vcc", "the documented curl lines work")
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is what newcomers type")
def test_each_line_of_curl_works(cast: Cast, live_server: Any, tmp_path: Path) -> None:
    listed(cast.north, NOON, sound(1))
    assert len(BLOCKS) == 3
    for block in BLOCKS:
        script = 'curl() { command curl -fsS "$@"; }\n' + block.replace("http://localhost:8000", live_server.url)
        environment = os.environ | {"TOKEN": token_of(cast.north)}
        ran = subprocess.run(
            ["bash", "-eu", "-c", script], cwd=tmp_path, env=environment, capture_output=True, timeout=60, check=False
        )
        assert ran.returncode == 0, ran.stderr.decode()
        if "files.csv\n" in block and "FILE" not in block:
            sheet, _, xml = ran.stdout.partition(b"<?xml")
            assert len(from_csv(sheet)) == len(from_xml(b"<?xml" + xml)) == 1
    assert (tmp_path / "call.wav").read_bytes() == sound(1)


def test_the_document_names_every_field_and_variable() -> None:
    for name in (*NAMES, "d", "tz", "n", "start-date", "finish-date"):
        assert f"`{name}`" in DOCUMENT, name

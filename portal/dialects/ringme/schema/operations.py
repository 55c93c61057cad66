"""What each address of ringme is for, and what it answers: view -> method -> Operation."""

from __future__ import annotations

from portal.dialects.json_types import ref, text
from portal.dialects.ringme.account import Me
from portal.dialects.ringme.record import RecordFile, RecordLink, RecordList, RecordStats
from portal.dialects.ringme.schema.rows import RECORDS_LIST
from portal.dialects.schema import Answer, Operation, Operations

FILE = text("The audio as it was recorded") | {"contentEncoding": "binary"}
FILE_HEADERS = ("Content-Disposition", "ETag", "Accept-Ranges")
FILE_ANSWERS = {
    200: Answer("The file", FILE, "audio/*", FILE_HEADERS),
    206: Answer("The part that `Range` asked for", FILE, "audio/*", (*FILE_HEADERS, "Content-Range")),
    304: Answer("The file that `If-None-Match` names is the present one"),
    416: Answer("The file has no such part", headers=("Content-Range",)),
}
ROWS_ABOUT = (
    "Without `per_page` all rows of the period are streamed. A page that is not the last names the next one in `Link`."
)
ACCOUNT: Operations = {
    Me: {"GET": Operation("user", "Who the token speaks for", {200: Answer("Who one is", ref("Me"))})},
}
RECORDS: Operations = {
    RecordList: {
        "GET": Operation(
            "record",
            "Conversation recordings of a period",
            {200: Answer("The rows, newest first", RECORDS_LIST, headers=("Link", "X-Ignored-Parameters"))},
            about=ROWS_ABOUT,
        )
    },
    RecordStats: {
        "GET": Operation("record", "Number and size of the recordings", {200: Answer("Totals", ref("RecordStats"))})
    },
    RecordFile: {"GET": Operation("record", "The file of a recording", FILE_ANSWERS)},
    RecordLink: {
        "GET": Operation("record", "A permanent link to the file", {200: Answer("The link", ref("RecordUrl"))})
    },
}
OPERATIONS: Operations = {**ACCOUNT, **RECORDS}

"""Write `spool/`, a small Asterisk spool with the faults that real ones have, and `spool.json`, which names them.

    python tests/data/make_spool.py [OUT_DIR]

Sound comes from the demo's conversations beside this file, so numpy, soundfile and lameenc are all it needs. The
results are committed. Links that lead out of the spool are not (a checkout may not keep them): `link_out()` makes them.

`Master.csv` has the 18 columns of cdr_csv: accountcode src dst dcontext clid channel dstchannel lastapp lastdata start
answer end duration billsec disposition amaflags uniqueid userfield; times are UTC; userfield holds the recording's path
under `monitor/`, and on the second leg of a transfer `;linkedid=` with the uniqueid of the first.
"""

import csv
import io
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lameenc
import numpy as np
import soundfile as sf

HERE = Path(__file__).resolve().parent
RATE = 8_000
STAMP = "%Y-%m-%d %H:%M:%S"
BROKEN = "\udceb"  # stands for the lone byte 0xEB (Latin-1 ë) in a file that should be UTF-8
NUMBER = "+1555100{:04}"


@dataclass(frozen=True)
class Row:
    """One line of Master.csv as it should come out; `fault` says what is wrong with it, if anything."""

    at: str  # MM-DD HH:MM:SS of 2026, UTC
    src: str
    dst: str
    name: str = ""
    talk: int = 0  # seconds; 0 = not answered
    ring: int = 6
    disposition: str = "ANSWERED"
    kind: str = "mp3"  # mp3 | wav | WAV (GSM) | alaw.wav
    path: str | None = None  # instead of the usual file name
    after: int | None = None  # index of the row this leg was transferred from
    fault: str | None = None

    @property
    def start(self) -> datetime:
        return datetime.strptime(f"2026-{self.at}", STAMP).replace(tzinfo=UTC)


ROWS = (
    Row("10-05 08:02:11", NUMBER.format(11), "101", "Ana Torres", talk=8),
    Row("10-05 08:15:40", "102", NUMBER.format(12), "Li Wei", talk=2, kind="wav"),
    Row("10-05 09:01:03", NUMBER.format(13), "101", "Иван Петров", talk=5, kind="WAV"),
    Row("10-05 09:30:00", NUMBER.format(14), "103", "山田 太郎", talk=2, kind="alaw.wav"),
    Row("10-05 10:12:27", NUMBER.format(15), "102", "Ana Torres", talk=6, fault="missing"),
    Row("10-05 10:40:09", "103", NUMBER.format(16), talk=4, fault="empty"),
    Row("10-05 11:05:55", NUMBER.format(17), "101", talk=8, fault="cut"),
    Row("10-05 11:20:00", NUMBER.format(18), "102", f"Zo{BROKEN} Brandt", disposition="NO ANSWER", fault="broken_utf8"),
    Row("10-05 12:00:30", "101", NUMBER.format(19), disposition="BUSY"),
    Row("10-05 13:44:18", NUMBER.format(20), "103", 'O\'Neil, Pat "Box"', talk=3),
    Row("10-05 14:10:00", NUMBER.format(21), "101", "Maya Cole", talk=5),
    Row("10-05 14:10:11", NUMBER.format(21), "104", "Maya Cole", talk=6, ring=4, after=10),
    Row("10-05 15:31:02", NUMBER.format(22), "999", talk=3, fault="unknown_extension"),
    Row("10-05 15:45:00", NUMBER.format(23), "101", talk=4, path="../../../../../../etc/passwd", fault="path_up"),
    Row("10-05 15:46:00", NUMBER.format(24), "101", talk=4, path="/etc/passwd", fault="path_absolute"),
    Row("10-05 15:47:00", NUMBER.format(25), "101", talk=4, path="2026/10/05/link.mp3", fault="path_link"),
    Row("10-05 15:48:00", NUMBER.format(26), "102", fault="too_few_columns"),
    Row("10-05 15:49:00", NUMBER.format(27), "102", disposition="NO ANSWER", fault="bad_time"),
    Row("10-05 16:20:45", "102", NUMBER.format(28), disposition="FAILED"),
    Row("10-05 16:30:00", "103", "101", "Li Wei", talk=3),
    Row("10-05 16:44:00", NUMBER.format(29), "103", talk=4, fault="undecodable"),
    Row("10-25 00:59:57", NUMBER.format(30), "101", "Ana Torres", talk=4),  # over the end of summer time in Europe
)


def uniqueid(index: int) -> str:
    """Asterisk's id: seconds since 1970, a dot, a running number."""
    return f"{int(ROWS[index].start.timestamp())}.{index}"


def media_path(index: int) -> str:
    """Path under `monitor/`, "" where there is no recording."""
    row = ROWS[index]
    if not row.talk:
        return ""
    if row.path:
        return row.path
    direction = "in" if row.src.startswith("+") else "out"
    name = f"{direction}-{row.dst}-{row.src}-{row.start:%Y%m%d-%H%M%S}-{uniqueid(index)}.{row.kind}"
    return f"{row.start:%Y/%m/%d}/{name}".replace("+", "")


def columns(index: int) -> list[str]:
    """The 18 columns of one row, the fault included."""
    row, linked = ROWS[index], ROWS[index].after
    inbound, answer = row.src.startswith("+"), row.start + timedelta(seconds=row.ring)
    end = answer + timedelta(seconds=row.talk)
    userfield = media_path(index) + (f";linkedid={uniqueid(linked)}" if linked is not None else "")
    start = "yesterday at noon" if row.fault == "bad_time" else row.start.strftime(STAMP)
    channel = f"PJSIP/{'trunk' if inbound else row.src}-{index:08x}"
    target = f"PJSIP/{'trunk' if row.dst.startswith('+') else row.dst}-{index + 256:08x}" if row.talk else ""
    who = ["acme", row.src, row.dst, "from-pstn" if inbound else "from-internal", f'"{row.name}" <{row.src}>']
    what = [channel, target, "Dial", f"PJSIP/{row.dst},30,tT"]
    when = [start, answer.strftime(STAMP) if row.talk else "", end.strftime(STAMP)]
    size = [str(row.ring + row.talk), str(row.talk), row.disposition, "DOCUMENTATION", uniqueid(index), userfield]
    return (who + what + when + size)[: 5 if row.fault == "too_few_columns" else 18]


def sound(index: int, seconds: int) -> np.ndarray:
    """int16 samples of shape (frames, 2) at `RATE`, another conversation for each row."""
    files = [p for p in sorted((HERE / "demo").glob("*.mp3")) if not p.name.startswith(("vm-", "no-audio"))]
    samples, rate = sf.read(files[index % len(files)], always_2d=True, frames=seconds * 2 * RATE)
    assert rate == 2 * RATE
    halved = (samples[::2] + samples[1::2]) / 2  # a mean of two is filter enough for 8 kHz
    return np.ascontiguousarray((halved * 32_767).astype(np.int16))


def mp3(samples: np.ndarray) -> bytes:
    encoder = lameenc.Encoder()
    encoder.set_bit_rate(24)
    encoder.set_in_sample_rate(RATE)
    encoder.set_out_sample_rate(16_000)
    encoder.set_channels(samples.shape[1])
    encoder.silence()
    return bytes(encoder.encode(samples.tobytes()) + encoder.flush())


def encode(samples: np.ndarray, kind: str) -> bytes:
    """The bytes of a recording; GSM 06.10 knows one channel only, so both parties are mixed for it."""
    if kind == "mp3":
        return mp3(samples)
    subtype = {"wav": "PCM_16", "WAV": "GSM610", "alaw.wav": "ALAW"}[kind]
    data = samples.mean(axis=1).astype(np.int16) if kind == "WAV" else samples
    target = io.BytesIO()
    sf.write(target, data, RATE, format="WAV", subtype=subtype)
    return target.getvalue()


def write_media(spool: Path, index: int) -> None:
    row = ROWS[index]
    if not row.talk or row.path or row.fault == "missing":
        return
    body = encode(sound(index, row.talk), row.kind)
    spoiled = {"empty": b"", "cut": body[: len(body) // 2], "undecodable": b"%PDF-1.4\n% a fax, not a call\n"}
    path = spool / "monitor" / media_path(index)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(spoiled.get(row.fault or "", body))


@dataclass(frozen=True)
class Voicemail:
    """One message in a mailbox folder, as app_voicemail leaves it."""

    mailbox: str
    folder: str
    number: int
    at: datetime
    caller: str
    name: str
    seconds: int
    kind: str | None = "wav"  # None: the text is there and the sound is not
    fault: str | None = None


VOICEMAILS = (
    Voicemail("101", "INBOX", 0, datetime(2026, 10, 5, 18, 4, 10, tzinfo=UTC), NUMBER.format(40), "Ana Torres", 2),
    Voicemail("101", "INBOX", 1, datetime(2026, 10, 5, 19, 30, 2, tzinfo=UTC), NUMBER.format(41), "", 5, "WAV"),
    Voicemail("101", "Old", 0, datetime(2026, 10, 2, 7, 15, 0, tzinfo=UTC), NUMBER.format(42), "Иван Петров", 4, "WAV"),
    Voicemail(
        "104", "INBOX", 0, datetime(2026, 10, 5, 20, 0, 0, tzinfo=UTC), NUMBER.format(43), "Li Wei", 3, None, "missing"
    ),
    Voicemail(
        "104", "INBOX", 1, datetime(2026, 10, 5, 20, 9, 0, tzinfo=UTC), NUMBER.format(44), "", 3, "WAV", "no_origtime"
    ),
)


def write_voicemail(spool: Path, message: Voicemail) -> None:
    folder = spool / "voicemail" / "default" / message.mailbox / message.folder
    folder.mkdir(parents=True, exist_ok=True)
    stamp = int(message.at.timestamp())
    origtime = "" if message.fault == "no_origtime" else f"origtime={stamp}\n"
    text = (
        f";\n; Message Information file\n;\n[message]\norigmailbox={message.mailbox}\ncontext=default\nmacrocontext=\n"
        f"exten={message.mailbox}\nrdnis=unknown\npriority=2\ncallerchan=PJSIP/trunk-{message.number:08x}\n"
        f'callerid="{message.name}" <{message.caller}>\norigdate={message.at:%a %b %d %I:%M:%S %p UTC %Y}\n{origtime}'
        f"category=\nmsg_id={stamp}-{message.number:08d}\nflag=\nduration={message.seconds}\n"
    )
    name = f"msg{message.number:04}"
    (folder / f"{name}.txt").write_text(text)
    if message.kind:
        body = encode(sound(message.number + 30, message.seconds)[:, 1:], message.kind)
        (folder / f"{name}.{message.kind}").write_bytes(body)


def link_out(spool: Path, target: Path) -> list[Path]:
    """Make what a checkout cannot keep: a link to a file outside as the recording `path_link`, and one to a folder."""
    link = spool / "monitor" / next(row.path for row in ROWS if row.fault == "path_link" and row.path)
    link.symlink_to(target)
    mailbox = spool / "voicemail" / "default" / "105"
    mailbox.symlink_to(target.parent, target_is_directory=True)
    return [link, mailbox]


def catalogue() -> dict[str, list[dict]]:
    """What is in the spool, line by line (from 1) and message by message, for tests to compare with."""
    rows = [
        {"line": i + 1, "uniqueid": uniqueid(i), "media": media_path(i), "talk": row.talk, "fault": row.fault}
        for i, row in enumerate(ROWS)
    ]
    messages = [
        {"path": f"default/{m.mailbox}/{m.folder}/msg{m.number:04}", "seconds": m.seconds, "fault": m.fault}
        for m in VOICEMAILS
    ]
    return {"rows": rows, "voicemails": messages}


def write(spool: Path) -> None:
    """Write the whole spool into the folder `spool` and its catalogue beside it, as `<spool>.json`."""
    for index in range(len(ROWS)):
        write_media(spool, index)
    for message in VOICEMAILS:
        write_voicemail(spool, message)
    table = io.StringIO()
    csv.writer(table, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(columns(i) for i in range(len(ROWS)))
    master = spool / "cdr-csv" / "Master.csv"
    master.parent.mkdir(parents=True, exist_ok=True)
    master.write_bytes(table.getvalue().encode("utf-8", "surrogateescape"))
    text = json.dumps(catalogue(), ensure_ascii=False, indent=1)
    spool.with_name(spool.name + ".json").write_text(text + "\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "spool")

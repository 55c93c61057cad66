"""Where a CDR row went: direction and extension, from its context, its numbers and its channels.

1. A channel of a known technology whose endpoint is a short number (`PJSIP/102-0000002f`, `Local/102@…`) is that
   extension; one with another endpoint (`PJSIP/trunk-…`) is not an extension, whatever the number says. Where there is
   no such channel, a short number (two to six digits) is an extension.
2. A context that names the outside (`from-pstn`, `from-trunk`, …) is a call in: the extension is the called side's,
   and a dialled number that is not the extension is the DID.
3. A context of the inside (`from-internal`, …) is a call out: the extension is the caller's. With an extension or a
   feature code (`*97`) on the called side it is internal, and the row is the caller's part of it.
4. In any other context the sides decide: two extensions are internal, the caller's alone is out, all else is in.
"""

from __future__ import annotations

import re
from typing import NamedTuple

INBOUND = (
    *("from-pstn", "from-trunk", "from-did", "from-external", "from-sip-external", "from-dahdi", "from-zaptel"),
    *("ext-did", "incoming", "inbound"),
)
INTERNAL = ("from-internal", "from-phones", "from-extensions", "internal", "outgoing", "outbound")
_SHORT = re.compile(r"[0-9]{2,6}")
_FEATURE = re.compile(r"\*[0-9*#]+")
_DIALLED = re.compile(r"\+?[0-9]{3,}")
_CHANNEL = re.compile(r"(?:PJSIP|SIP|IAX2|SCCP|Local)/(?P<endpoint>.+)-[0-9a-f]+(?:;[12])?")


class Route(NamedTuple):
    """`direction` in, out or internal; `extension` and `did` are numbers, None where unknown."""

    direction: str
    flow: str
    extension: str | None
    did: str | None = None


def route(context: str, src: str, dst: str, channel: str, dstchannel: str) -> Route:
    caller, called = extension_at(channel, src), extension_at(dstchannel, dst)
    if context.startswith(INBOUND):
        return _inbound(called, dst)
    if context.startswith(INTERNAL):
        caller = caller or (src if _SHORT.fullmatch(src) else None)
        inside = called is not None or _FEATURE.fullmatch(dst)
        return Route("internal" if inside else "out", "out", caller)
    if caller is None:
        return _inbound(called, dst)
    return Route("out" if called is None else "internal", "out", caller)


def extension_at(channel: str, number: str) -> str | None:
    """The extension on one side of a call, by its channel, else by its number."""
    if match := _CHANNEL.fullmatch(channel):
        endpoint = match["endpoint"].partition("@")[0]
        return endpoint if _SHORT.fullmatch(endpoint) else None
    return number if _SHORT.fullmatch(number) else None


def _inbound(called: str | None, dst: str) -> Route:
    did = dst if dst != called and _DIALLED.fullmatch(dst) else None
    return Route("in", "in", called, did)

"""Where a message may go: to addresses of the public internet, and to networks that the settings name.

A subscriber's URL is a stranger's wish that this machine connect somewhere. Its name may resolve to anything, and to
something else the next time: every address is looked at each time, and the one that was looked at is connected to.
"""

from __future__ import annotations

import re
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from django.conf import settings

Address = IPv4Address | IPv6Address
LONGEST_URL = 2000
# What RFC 3986 allows in a URL; its fragment is never sent.
_URL = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]+")
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
# IANA's special-purpose registries: what is not reachable for everybody, or leads into such a network.
CLOSED_4 = [
    IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
]
OPEN_6 = IPv6Network("2000::/3")
# Teredo, ORCHID and benchmarks; documentation; 6to4; documentation.
CLOSED_6 = [IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]
NAT64 = IPv6Network("64:ff9b::/96")


class BadTarget(ValueError):
    """A URL that nothing is sent to; the message says why."""


class Unresolvable(BadTarget):
    """There is no address just now."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart. `path` has the query; `host` is a name, or an address without brackets."""

    secure: bool
    host: str
    port: int
    path: str


def read_target(url: str) -> Target:
    """Raises BadTarget. Says nothing yet about where the name leads."""
    if len(url) > LONGEST_URL:
        raise BadTarget(f"at most {LONGEST_URL} characters are allowed")
    if not _URL.fullmatch(url):
        raise BadTarget("an absolute URL is needed, in ASCII and without a fragment")
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise BadTarget("an absolute URL is needed") from None
    schemes = ("https", "http") if settings.WEBHOOK_HTTP else ("https",)
    if parts.scheme not in schemes:
        raise BadTarget("an https address is needed")
    if "@" in parts.netloc:
        raise BadTarget("must not carry a login or a password")
    if not host or port == 0:
        raise BadTarget("a host is needed, and a port from 1 to 65535 if any")
    if "[" in parts.netloc and ":" not in host:
        raise BadTarget("only an IPv6 address stands in brackets")
    secure = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(secure, read_host(host), port or (443 if secure else 80), path)


def read_host(host: str) -> str:
    """A name, or an address that may be sent to. Raises BadTarget."""
    try:
        address = ip_address(host)
    except ValueError:
        name = host.removesuffix(".")
        if not _NAME.fullmatch(name):
            raise BadTarget("a host is needed") from None
        return name
    check(address)
    return str(address)


def addresses_of(target: Target, seconds: float) -> list[str]:
    """All addresses of the target, in the resolver's order, each of them fit to be sent to.

    Raises BadTarget where a single one is not, Unresolvable where there is none within `seconds`.
    """
    try:
        found = _resolver().submit(socket.getaddrinfo, target.host, target.port, type=socket.SOCK_STREAM)
        rows = found.result(timeout=seconds)
    except (OSError, UnicodeError, TimeoutError):
        raise Unresolvable("names a host that has no address") from None
    addresses = list(dict.fromkeys(str(row[4][0]) for row in rows))
    if not addresses:
        raise Unresolvable("names a host that has no address")
    for address in addresses:
        check(ip_address(address))
    return addresses


def check_now(url: str, seconds: float) -> None:
    """Raises BadTarget for a URL whose name leads somewhere closed just now. One that leads nowhere yet may stay."""
    try:
        addresses_of(read_target(url), seconds)
    except Unresolvable:
        return


def check(address: Address) -> None:
    if not may_be_sent_to(address):
        raise BadTarget("leads to an address that is not public")


def may_be_sent_to(address: Address) -> bool:
    inner = embedded(address)
    return is_public(inner) or any(inner in network for network in settings.WEBHOOK_ALLOW)


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for: mapped, or translated by NAT64. Any other stays as it is."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in CLOSED_4)
    return address.scope_id is None and address in OPEN_6 and not any(address in network for network in CLOSED_6)


@cache
def _resolver() -> ThreadPoolExecutor:
    """The resolver has no time limit of its own: who asks waits so long and no longer."""
    return ThreadPoolExecutor(max_workers=16, thread_name_prefix="resolver")

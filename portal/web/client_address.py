"""From which address a request comes, also where a proxy of ours hands it on."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The address that connected; behind trusted proxies the nearest one in `X-Forwarded-For` that is none of them.

    What stands further left was written by whoever asks, and counts for nothing. "" where the connection has no
    address (a unix socket).
    """
    connected = request.META.get("REMOTE_ADDR", "")
    nearest = parsed(connected)
    if nearest is None:
        return connected
    for text in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        if not is_trusted(nearest):
            break
        before = parsed(text)
        if before is None:
            break
        nearest = before
    return str(nearest)


def came_by_https(request: HttpRequest) -> bool:
    """Whether the line is private: TLS ends at this server, or at a trusted proxy that says so."""
    if request.META.get("wsgi.url_scheme") == "https":
        return True
    connected = parsed(request.META.get("REMOTE_ADDR", ""))
    said = request.META.get("HTTP_X_FORWARDED_PROTO", "").strip().lower()
    return connected is not None and is_trusted(connected) and said == "https"


def parsed(text: str) -> IPv4Address | IPv6Address | None:
    """An address, an IPv4 one that was written as IPv6 as IPv4; None where the text is none."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_trusted(address: IPv4Address | IPv6Address) -> bool:
    return any(address in network for network in settings.TRUSTED_PROXIES)

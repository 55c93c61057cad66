"""Where a message may go: what a stranger's URL can be made of, and which addresses are anybody's."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.live.targets import (
    BadTarget,
    Target,
    Unresolvable,
    addresses_of,
    check_now,
    may_be_sent_to,
    read_target,
)

pytestmark = pytest.mark.clause(
    "ringme", "Targets: https only, no private or local address, the resolved address pinned"
)
CLOSED = [
    *("0.0.0.1", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1", "172.31.255.255"),
    *("192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1"),
    *("239.1.1.1", "240.0.0.1", "255.255.255.254"),
    *("::", "::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::10.0.0.1", "64:ff9b::10.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b:1::a00:1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:20::1", "2001:db8::1"),
    *("2002:7f00:1::", "2002:a00:1::1", "3fff::1", "5f00::1", "fc00::1", "fd12::1", "fe80::1", "fec0::1", "ff02::1"),
]
OPEN = ["8.8.8.8", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", CLOSED)
def test_what_is_not_public_is_closed(address: str) -> None:
    assert not may_be_sent_to(ip_address(address))


@pytest.mark.parametrize("address", OPEN)
def test_what_is_public_is_open(address: str) -> None:
    assert may_be_sent_to(ip_address(address))


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_nothing_is_open_that_python_knows_to_be_closed(address: Any) -> None:
    if may_be_sent_to(address):
        inner = address.ipv4_mapped or address if address.version == 6 else address
        translated = address.version == 6 and address in ip_network("64:ff9b::/96")
        assert translated or (inner.is_global and not inner.is_multicast and not inner.is_reserved)


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_as_open_as_by_itself(address: Any) -> None:
    for outer in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert may_be_sent_to(ip_address(outer)) == may_be_sent_to(address)


def test_the_settings_open_a_network(settings: Any) -> None:
    settings.WEBHOOK_ALLOW = [ip_network("10.1.0.0/16"), ip_network("fd00::/8")]
    assert may_be_sent_to(ip_address("10.1.2.3")) and may_be_sent_to(ip_address("::ffff:10.1.2.3"))
    assert may_be_sent_to(ip_address("fd00::7"))
    assert not may_be_sent_to(ip_address("10.2.0.1")) and not may_be_sent_to(ip_address("127.0.0.1"))


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://hooks.example", Target(True, "hooks.example", 443, "/")),
        ("https://Hooks.Example.:8443/a?b=c", Target(True, "hooks.example", 8443, "/a?b=c")),
        ("HTTPS://8.8.8.8/x", Target(True, "8.8.8.8", 443, "/x")),
        ("https://[2606:4700::1111]:444/x", Target(True, "2606:4700::1111", 444, "/x")),
        ("https://xn--bcher-kva.example/%C3%A9", Target(True, "xn--bcher-kva.example", 443, "/%C3%A9")),
    ],
)
def test_a_good_url_is_taken_apart(url: str, target: Target) -> None:
    assert read_target(url) == target


@pytest.mark.parametrize(
    "url",
    [
        *("", "/hook", "hooks.example", "http://hooks.example/", "ftp://hooks.example", "file:///etc/passwd"),
        *("https://", "https:///x", "https://:443/", "https://hooks.example:0/", "https://hooks.example:65536/"),
        *("https://kay:secret@hooks.example/", "https://kay@hooks.example/", "https://@hooks.example/"),
        *("https://hooks.example/#top", "https://hooks.example/a b", "https://hooks.example/\r\nX: y"),
        *("https://hooks.example\\@127.0.0.1/", "https://bücher.example/", "https://hooks.example/é"),
        *("https://[::1/", "https://[fe80::1%25eth0]/", "https://-x.example/", "https://x..example/", "https://[7]/"),
        *("https://[v1.a]/", "https://[hooks.example]/"),
        *("https://127.0.0.1/", "https://10.0.0.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]/"),
        *("https://[64:ff9b::10.0.0.1]/", "https://[2002:a00:1::]/", "https://169.254.169.254/latest/"),
        "https://hooks.example/" + "x" * 2000,
    ],
)
def test_a_bad_url_is_refused(url: str) -> None:
    with pytest.raises(BadTarget):
        read_target(url)


@given(st.text())
def test_whatever_a_url_says_it_is_a_target_or_refused(url: str) -> None:
    for text in (url, f"https://{url}", f"https://hooks.example/{url}", f"https://hooks.example:{url}"):
        try:
            target = read_target(text)
        except BadTarget:
            continue
        assert target.host and 0 < target.port < 65536
        assert target.path.startswith(("/", "?")) and target.path.isascii() and target.path.isprintable()


def test_http_is_for_tests(settings: Any) -> None:
    settings.WEBHOOK_HTTP = True
    assert read_target("http://hooks.example/x") == Target(False, "hooks.example", 80, "/x")


def test_every_address_of_a_name_is_looked_at(resolve: Callable[..., None]) -> None:
    resolve("hooks.example", "8.8.8.8", "2606:4700::1111")
    target = read_target("https://hooks.example/")
    assert addresses_of(target, 5) == ["8.8.8.8", "2606:4700::1111"]
    for closed in ("10.0.0.1", "::1", "::ffff:127.0.0.1", "fe80::1"):
        resolve("hooks.example", "8.8.8.8", closed)
        with pytest.raises(BadTarget, match="not public"):
            addresses_of(target, 5)


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0x7f.1", "017700000001", "localhost"])
def test_other_spellings_of_this_machine_lead_to_it(host: str) -> None:
    with pytest.raises(BadTarget, match="not public"):
        addresses_of(read_target(f"https://{host}/"), 5)


def test_a_name_that_leads_nowhere_yet_may_stay(resolve: Callable[..., None]) -> None:
    check_now("https://nowhere.example/", 5)
    with pytest.raises(Unresolvable):
        addresses_of(read_target("https://nowhere.example/"), 5)

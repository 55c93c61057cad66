"""How often one address may try to get in, and which address that is behind a proxy."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import redis
from django.core.cache import cache
from django.test import Client as Browser
from django.test import RequestFactory

from portal import settings as product
from portal.accounts import throttle
from portal.web.client_address import client_address
from tests.factories import PASSWORD, Cast

HERE = "203.0.113.77"


@pytest.fixture(autouse=True)
def limits_of_the_product(settings: Any) -> Iterator[None]:
    settings.ATTEMPTS_PER_SECOND = product.ATTEMPTS_PER_SECOND
    settings.ATTEMPTS_AT_ONCE = product.ATTEMPTS_AT_ONCE
    forget()
    yield
    forget()


def forget() -> None:
    cache.clear()
    if keys := list(throttle.server().scan_iter(f"attempts:*{HERE}*")):
        throttle.server().delete(*keys)


def request(remote: str, forwarded: str = "") -> Any:
    return RequestFactory().post("/sign-in/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("198.51.100.1", "", "198.51.100.1"),
        ("198.51.100.1", "192.0.2.1", "198.51.100.1"),  # nobody we trust says so
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", "1.1.1.1, 192.0.2.1", "192.0.2.1"),  # the left one is the caller's own words
        ("127.0.0.1", "1.1.1.1,192.0.2.1, 10.1.2.3", "192.0.2.1"),
        ("127.0.0.1", "10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("::ffff:127.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("", "192.0.2.1", ""),
    ],
)
def test_the_nearest_address_that_is_no_proxy(settings: Any, remote: str, forwarded: str, address: str) -> None:
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("127.0.0.1"), ipaddress.ip_network("10.0.0.0/8")]
    assert client_address(request(remote, forwarded)) == address


def test_nobody_is_trusted_untold(settings: Any) -> None:
    assert product.TRUSTED_PROXIES == []
    assert client_address(request("127.0.0.1", "192.0.2.1")) == "127.0.0.1"


def test_trusted_proxies_are_addresses_and_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", " 127.0.0.1, 10.0.0.0/8,")
    assert [str(network) for network in product.networks("TRUSTED_PROXIES")] == ["127.0.0.1/32", "10.0.0.0/8"]
    monkeypatch.setenv("TRUSTED_PROXIES", "proxy.example")
    with pytest.raises(ValueError, match=r"TRUSTED_PROXIES: 'proxy\.example'"):
        product.networks("TRUSTED_PROXIES")


@pytest.mark.django_db
def test_people_behind_a_proxy_do_not_lock_each_other_out(cast: Cast, settings: Any) -> None:
    settings.TRUSTED_PROXIES = [ipaddress.ip_network(HERE)]

    def code(address: str, password: str) -> int:
        browser = Browser(REMOTE_ADDR=HERE, HTTP_X_FORWARDED_FOR=address)
        return browser.post("/sign-in/", {"username": "nora@north", "password": password}).status_code

    assert [code("192.0.2.66", f"guess {number}") for number in range(9)][-1] == 429
    assert code("192.0.2.66", PASSWORD) == 429
    assert code("192.0.2.8", PASSWORD) == 302


def test_twenty_a_second() -> None:
    def admitted() -> bool:
        with throttle.admission(request(HERE)) as free:
            return free

    # Within one second of the server's clock, or over the edge of one into the next.
    assert 20 <= [admitted() for _ in range(45)].count(True) <= 40


def test_six_at_once_and_room_again_afterwards() -> None:
    with ExitStack() as under_way:
        assert all(under_way.enter_context(throttle.admission(request(HERE))) for _ in range(6))
        assert not under_way.enter_context(throttle.admission(request(HERE)))
        assert under_way.enter_context(throttle.admission(request("203.0.113.78"))), "another address"
    with throttle.admission(request(HERE)) as free:
        assert free


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/sign-in/", "/oauth/token"])
def test_both_doors_answer_429(cast: Cast, address: str) -> None:
    with ExitStack() as under_way:
        for _ in range(6):
            under_way.enter_context(throttle.admission(request(HERE)))
        answer = Browser(REMOTE_ADDR=HERE).post(address, {"username": "nora@north", "password": PASSWORD})
    assert answer.status_code == 429 and answer["Retry-After"] == "1"
    if address == "/oauth/token":
        assert answer.json()["error"] == "rate_limit_exceeded"


def test_redis_out_lets_people_in(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    nowhere = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2)
    with monkeypatch.context() as out:
        out.setattr(throttle, "server", lambda: nowhere)
        with throttle.admission(request(HERE)) as free:
            assert free
    assert "Redis is out" in caplog.text

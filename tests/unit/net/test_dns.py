"""Which addresses are public."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.domain.errors import AddressRefused, FetchFailed
from broker.net.dns import AllowList, checked_addresses, is_public, resolve

PRIVATE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:169.254.169.254", "::7f00:1", "::8.8.8.8",
    "2002:7f00:1::1", "2002:808:808::1", "2001:0:1::1",
    "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "fec0::1", "100::1",
]
PUBLIC = ["8.8.8.8", "93.184.216.34", "1.1.1.1", "2606:4700::1111", "2a00:1450:4007:80e::200e", "64:ff9b::8.8.8.8"]


@pytest.mark.parametrize("address", PRIVATE)
def test_given_an_address_that_is_not_on_the_internet_when_asked_then_it_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(AddressRefused):
        checked_addresses("idp.example", 443, AllowList(()), lambda _h, _p: (address,))
    with pytest.raises(AddressRefused):
        checked_addresses(address, 443, AllowList(()), lambda _h, _p: ("8.8.8.8",))


@pytest.mark.parametrize("address", PUBLIC)
def test_given_an_address_on_the_internet_when_asked_then_it_is_public(address: str) -> None:
    assert checked_addresses("idp.example", 443, AllowList(()), lambda _h, _p: (address,)) == (address,)


@given(st.ip_addresses(v=4))
def test_given_any_ipv4_when_wrapped_in_ipv6_then_the_wrapping_never_makes_it_public(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    wrapped = (0xFFFF << 32 | number, number, 0x2002 << 112 | number << 80)
    assert not any(is_public(ipaddress.IPv6Address(value)) for value in wrapped)
    nat64 = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | number)
    assert is_public(nat64) == is_public(address)


def test_given_a_scope_id_when_checked_then_it_changes_nothing() -> None:
    with pytest.raises(AddressRefused):
        checked_addresses("idp.example", 443, AllowList(()), lambda _h, _p: ("fe80::1%eth0",))


def test_given_an_allow_list_when_checked_then_networks_and_hosts_count() -> None:
    allowed = AllowList(("10.1.0.0/16", "idp.internal", "fd00::/8"))
    assert checked_addresses("x.example", 443, allowed, lambda _h, _p: ("10.1.2.3", "fd00::1")) == ("10.1.2.3", "fd00::1")
    assert checked_addresses("IDP.internal.", 443, allowed, lambda _h, _p: ("192.168.0.1",)) == ("192.168.0.1",)
    with pytest.raises(AddressRefused):
        checked_addresses("x.example", 443, allowed, lambda _h, _p: ("10.2.0.1",))


def test_given_no_address_when_checked_then_it_fails() -> None:
    with pytest.raises(FetchFailed):
        checked_addresses("x.example", 443, AllowList(()), lambda _h, _p: ())
    with pytest.raises(FetchFailed):
        resolve("a..b", 443)

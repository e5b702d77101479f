"""Which addresses a host name stands for, and whether we connect to them (SECURITY 5, SSRF)."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable

from broker.domain.errors import AddressRefused, FetchFailed
from broker.domain.messages import filled

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], tuple[str, ...]]

# Embedding forms would let an IPv4 address pass the check in IPv6 clothes. NAT64's well-known prefix is judged by the
# address inside it, because a DNS64 network shows every public site there (RFC 6052 2.1); all others are refused.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_EMBEDDING = (ipaddress.IPv6Network("2002::/16"), ipaddress.IPv6Network("2001::/32"))  # 6to4, Teredo


def resolve(host: str, port: int) -> tuple[str, ...]:
    """Every address of a host, in the system's order of preference. Raises FetchFailed."""
    if host.lower().rstrip(".").endswith(".localhost"):
        return ("127.0.0.1",)  # RFC 6761 6.3: this machine's own, whatever DNS says; browsers do the same
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchFailed(
            cause=filled("host name %(host)s does not resolve (%(kind)s)", host=repr(host), kind=type(error).__name__),
            problem="no_name",
        ) from error
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class AllowList:
    """What the operator permits beside public addresses: host names and networks in CIDR notation."""

    def __init__(self, entries: tuple[str, ...]) -> None:
        self._hosts: set[str] = set()
        self._networks: list[Network] = []
        for entry in entries:
            try:
                self._networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                self._hosts.add(entry.lower().rstrip("."))

    def permits(self, host: str, address: Address) -> bool:
        if host.lower().rstrip(".") in self._hosts:
            return True
        return any(address.version == network.version and address in network for network in self._networks)


def is_public(address: Address) -> bool:
    """Whether an address is a machine on the internet: no private, loopback, link-local, shared, multicast or reserved one."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _GLOBAL_UNICAST or any(address in network for network in _EMBEDDING):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved and not address.is_unspecified


def checked_addresses(host: str, port: int, allowed: AllowList, resolver: Resolver) -> tuple[str, ...]:
    """The addresses to connect to, resolved exactly once: whoever connects uses these and asks no resolver again.

    Raises AddressRefused when any of them is not public and not allowed: a name that mixes both is an attempt.
    """
    literal = _literal(host)
    addresses = (str(literal),) if literal else resolver(host, port)
    if not addresses:
        raise FetchFailed(cause=filled("host name %(host)s has no address", host=repr(host)), problem="no_name")
    for text in addresses:
        address = ipaddress.ip_address(text.partition("%")[0])  # a scope id never makes an address public
        if not is_public(address) and not allowed.permits(host, address):
            raise AddressRefused(
                cause=filled("%(host)s resolves to %(address)s, which is not a public address", host=repr(host), address=address),
                fix="Upload the file, or add the host or its network to the allowed networks of this installation.",
                check="net.public_address",
            )
    return addresses


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None

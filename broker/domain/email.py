"""The one function that decides what an email address is (SECURITY 4, e-mail normalisation)."""

from __future__ import annotations

import re

# Deliberately narrower than RFC 5321: no quoted local parts, no literals, ASCII only. What cannot be written this way
# cannot be told apart from an attempt to look like somebody else.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


def normalise(value: str) -> str | None:
    """`Alice@ACME.example` → `Alice@acme.example`; None for anything that is not exactly one plain address.

    No trimming, no unfolding: a trailing space, dot or newline, a second @, a list or a full-width letter is no address.
    The local part keeps its case (RFC 5321 2.4).
    """
    if not value.isascii() or len(value) > 254 or value.count("@") != 1:
        return None
    local, _, domain = value.partition("@")
    domain = domain.lower()
    if len(local) > 64 or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        return None
    return f"{local}@{domain}"


def domain_of(normalised: str) -> str:
    """The domain of a normalised address: exact, no parent or subdomain is implied."""
    return normalised.rpartition("@")[2]


def is_domain(name: str) -> bool:
    """Whether this can be a tenant's email domain (lower case, at least two labels)."""
    return name.isascii() and _DOMAIN.fullmatch(name) is not None


_NETBIOS = re.compile(r"[a-z0-9][a-z0-9-]{0,14}")


def is_netbios_name(name: str) -> bool:
    """The `DOMAIN` of `DOMAIN\\user`, lower case."""
    return _NETBIOS.fullmatch(name) is not None


def realm_of(typed: str) -> str | None:
    """The realm that somebody typed: of an address, a user principal name or `DOMAIN\\user`; None if it is none of these.

    Spaces around it are forgiven here, because this only routes and proves nothing.
    """
    typed = typed.strip()
    if "\\" in typed:
        realm = typed.partition("\\")[0].lower()
        return realm if is_netbios_name(realm) or is_domain(realm) else None
    address = normalise(typed)
    return None if address is None else domain_of(address)

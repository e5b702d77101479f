"""Domains that no single organisation may hold: those of public mail services, and those below which anybody may register."""

from __future__ import annotations

import re
from functools import cache

from publicsuffixlist import PublicSuffixList

from broker.domain.email import is_domain
from broker.domain.messages import translatable

NO_DOMAIN = translatable("This is no email domain. Enter what stands behind the @ of your addresses, like example.com.")
MAIL_SERVICE = translatable("This domain belongs to a public mail service: its addresses are not your organisation’s.")
SUFFIX = translatable("Below this domain anybody can register a name, so it is nobody’s alone. Enter your own domain.")

# These services have a domain in many countries: yahoo.fr, hotmail.co.uk, live.be.
_EVERYWHERE = frozenset(("aol", "gmx", "hotmail", "live", "msn", "outlook", "yahoo", "yandex", "ymail"))
_ENDINGS = re.compile(
    r"com|net|fr|de|it|ch|be|nl|at|es|pt|dk|se|no|fi|ie|pl|gr|ru|ca|in|cn|co\.(?:uk|jp|in|nz|za|id|kr)|com\.(?:br|mx|au|ar|tr)"
)
_MAIL_SERVICES = frozenset(
    {
        "gmail.com", "googlemail.com", "icloud.com", "me.com", "mac.com", "proton.me", "protonmail.com", "pm.me",
        "fastmail.com", "fastmail.fm", "hey.com", "mail.com", "email.com", "zoho.com", "tutanota.com", "tuta.io", "tuta.com",
        "posteo.de", "mailbox.org", "hushmail.com", "rocketmail.com", "rediffmail.com", "mail.ru", "inbox.ru", "list.ru",
        "bk.ru", "qq.com", "foxmail.com", "163.com", "126.com", "naver.com", "daum.net", "hanmail.net", "web.de",
        "freenet.de", "t-online.de", "orange.fr", "wanadoo.fr", "free.fr", "laposte.net", "sfr.fr", "neuf.fr", "bbox.fr",
        "numericable.fr", "libero.it", "virgilio.it", "tiscali.it", "alice.it", "bluewin.ch", "sunrise.ch", "skynet.be",
        "telenet.be", "proximus.be", "ziggo.nl", "kpnmail.nl", "planet.nl", "btinternet.com", "sky.com", "virginmedia.com",
        "ntlworld.com", "talktalk.net", "comcast.net", "verizon.net", "att.net", "sbcglobal.net", "cox.net", "bellsouth.net",
        "charter.net", "earthlink.net", "shaw.ca", "rogers.com", "bigpond.com", "optusnet.com.au", "uol.com.br", "bol.com.br",
        "terra.com.br", "wp.pl", "o2.pl", "onet.pl", "interia.pl", "seznam.cz", "centrum.cz", "abv.bg", "ukr.net",
        "mailinator.com", "duck.com", "guerrillamail.com",
    }
)  # fmt: skip


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@cache
def _registries() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True)


def tidy(typed: str) -> str:
    """The domain that people mean: of an address, of a web address, with spaces, capitals or letters beyond ASCII."""
    text = typed.strip().lower().removeprefix("https://").removeprefix("http://").partition("/")[0]
    text = text.rpartition("@")[2].rstrip(".").removeprefix("www.")
    try:
        return text.encode("idna").decode("ascii")
    except UnicodeError:
        return text[:255]


def objection(name: str) -> str | None:
    """Why nobody may hold this domain, or None. Takes what `tidy` returns."""
    if not is_domain(name):
        return NO_DOMAIN
    label, _, ending = name.partition(".")
    if name in _MAIL_SERVICES or (label in _EVERYWHERE and _ENDINGS.fullmatch(ending)):
        return MAIL_SERVICE
    return None if _suffixes().privatesuffix(name) else SUFFIX


def is_hosted(name: str) -> bool:
    """Whether it is a name that a hosting service gave out below its own, like acme.github.io; see the list's private part."""
    suffix: str | None = _suffixes().publicsuffix(name)
    return suffix != _registries().publicsuffix(name)

"""The table of garbage: what may arrive at an address, and every address of the hub with what it reads."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from broker.web.http import MAX_BODY_BYTES

MARKER = "mArKer7f3"
"""Stands in everything that is sent; no answer may contain it."""

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Route:
    """One address. `ids`: parts of the path → the name of an object of the world that exists there.

    `reads`: parameters that it knows. `fixed`: it reads no input, so garbage beside its address changes nothing.
    """

    methods: tuple[str, ...]
    ids: dict[str, str] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    fixed: bool = False
    machine: bool = False
    """Read by programs: errors are JSON."""


_TENANT = {"slug": "tenant"}
_SAML_APPLICATION = {"application": "saml_application"}
_OIDC_APPLICATION = {"application": "oidc_application"}
_CONNECTOR = {"connector_id": "connector"}
_SAML = ("SAMLRequest", "RelayState", "SigAlg", "Signature", "SAMLEncoding")
_AUTHORIZE = (
    "client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge", "code_challenge_method",
    "prompt", "max_age", "login_hint", "domain_hint", "connector", "request", "request_uri", "claims", "response_mode",
)  # fmt: skip
_TOKEN = ("grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret")
_LOGIN = {"handle": "handle"}
_SETUP = {"token": "setup_token"}

ROUTES: dict[str, Route] = {
    "/static/<path:filename>": Route(("GET",), {"filename": "stylesheet"}, fixed=True),
    "/health/live": Route(("GET",), fixed=True),
    "/health/ready": Route(("GET",), fixed=True),
    "/version": Route(("GET",), fixed=True),
    "/.well-known/vestibule-host/<token>": Route(("GET",), {"token": "handle"}, fixed=True),
    "/hosts/ask/<secret>": Route(("GET",), {"secret": "handle"}, reads=("domain",)),
    "/saml/sso": Route(("GET", "POST"), reads=_SAML),
    "/t/<slug>/saml/sso": Route(("GET", "POST"), _TENANT, _SAML),
    "/a/<application>/saml/sso": Route(("GET", "POST"), _SAML_APPLICATION, _SAML),
    "/saml/metadata": Route(("GET",), fixed=True),
    "/t/<slug>/saml/metadata": Route(("GET",), _TENANT, fixed=True),
    "/a/<application>/saml/metadata": Route(("GET",), _SAML_APPLICATION, fixed=True),
    "/.well-known/openid-configuration": Route(("GET",), fixed=True),
    "/t/<slug>/.well-known/openid-configuration": Route(("GET",), _TENANT, fixed=True),
    "/a/<application>/.well-known/openid-configuration": Route(("GET",), _OIDC_APPLICATION, fixed=True),
    "/oauth2/authorize": Route(("GET", "POST"), reads=_AUTHORIZE),
    "/t/<slug>/oauth2/authorize": Route(("GET", "POST"), _TENANT, _AUTHORIZE),
    "/a/<application>/oauth2/authorize": Route(("GET", "POST"), _OIDC_APPLICATION, _AUTHORIZE),
    "/oauth2/token": Route(("OPTIONS", "POST"), reads=_TOKEN, machine=True),
    "/t/<slug>/oauth2/token": Route(("OPTIONS", "POST"), _TENANT, _TOKEN, machine=True),
    "/a/<application>/oauth2/token": Route(("OPTIONS", "POST"), _OIDC_APPLICATION, _TOKEN, machine=True),
    "/oauth2/userinfo": Route(("GET", "OPTIONS", "POST"), reads=("access_token",), machine=True),
    "/t/<slug>/oauth2/userinfo": Route(("GET", "OPTIONS", "POST"), _TENANT, ("access_token",), machine=True),
    "/a/<application>/oauth2/userinfo": Route(("GET", "OPTIONS", "POST"), _OIDC_APPLICATION, ("access_token",), machine=True),
    "/oauth2/jwks": Route(("GET",), fixed=True, machine=True),
    "/t/<slug>/oauth2/jwks": Route(("GET",), _TENANT, fixed=True, machine=True),
    "/a/<application>/oauth2/jwks": Route(("GET",), _OIDC_APPLICATION, fixed=True, machine=True),
    "/upstream/<connector_id>/acs": Route(("POST",), _CONNECTOR, ("SAMLResponse", "RelayState")),
    "/upstream/<connector_id>/callback": Route(("GET", "POST"), {"connector_id": "oidc_connector"}, ("code", "state", "iss", "error")),
    "/upstream/<connector_id>/metadata": Route(("GET",), _CONNECTOR, fixed=True),
    "/login/<handle>": Route(("GET", "POST"), _LOGIN, ("email", "connector", "remember", "other", "search", "after")),
    "/login/<handle>/again": Route(("POST",), _LOGIN),
    "/login/<handle>/return": Route(("POST",), _LOGIN),
    "/logout": Route(("GET", "POST"), reads=("csrf",)),
    "/test/<report_id>": Route(("GET", "POST"), {"report_id": "login_test"}, ("csrf",)),
    "/account": Route(("GET",), reads=("done",)),
    "/account/sessions/<session_id>/end": Route(("POST",), {"session_id": "handle"}, ("csrf",)),
    "/account/others": Route(("POST",), reads=("csrf",)),
    "/account/everywhere": Route(("POST",), reads=("csrf",)),
    "/branding/<accent>.css": Route(("GET",), {"accent": "colour"}, fixed=True),
    "/branding/images/<image_id>": Route(("GET",), {"image_id": "picture"}, fixed=True),
    "/branding/styles/<style_id>.css": Route(("GET",), {"style_id": "style"}, fixed=True),
    "/setup/<token>": Route(("GET",), _SETUP),
    "/setup/<token>/directory": Route(("GET", "POST"), _SETUP, ("csrf", "enabled", "unknown_people", "vendor")),
    "/setup/<token>/directory/token": Route(("POST",), _SETUP, ("csrf",)),
    "/setup/<token>/directory/revoke": Route(("POST",), _SETUP, ("csrf", "token")),
    "/setup/<token>/sign-ins": Route(("GET",), _SETUP, ("begin",)),
    "/setup/<token>/system": Route(("GET",), _SETUP),
    "/setup/<token>/about": Route(("GET", "POST"), _SETUP, ("csrf", "people", "at_once", "manager", "contact", "remarks")),
    "/setup/<token>/values": Route(("GET",), _SETUP),
    "/setup/<token>/details": Route(("GET",), _SETUP),
    "/setup/<token>/domains": Route(("GET", "POST"), _SETUP, ("csrf", "domain")),
    "/setup/<token>/domains/check": Route(("POST",), _SETUP, ("csrf", "domain", "way")),
    "/setup/<token>/domains/file": Route(("GET",), _SETUP, ("domain",)),
    "/setup/<token>/domains/withdraw": Route(("POST",), _SETUP, ("csrf", "domain")),
    "/setup/<token>/test": Route(("GET", "POST"), _SETUP, ("csrf",)),
    "/setup/<token>/test/<report_id>": Route(("GET",), {**_SETUP, "report_id": "login_test"}),
    "/setup/<token>/switch": Route(("GET",), _SETUP),
    "/setup/<token>/kind": Route(("POST",), _SETUP, ("csrf", "kind")),
    "/setup/<token>/metadata": Route(("POST",), _SETUP, ("csrf", "metadata")),
    "/setup/<token>/metadata-text": Route(("POST",), _SETUP, ("csrf", "metadata_text")),
    "/setup/<token>/metadata-address": Route(("POST",), _SETUP, ("csrf", "metadata_url")),
    "/setup/<token>/take-over": Route(("POST",), _SETUP, ("csrf", "answer", "keep")),
    "/setup/<token>/certificate": Route(("POST",), _SETUP, ("csrf", "certificate")),
    "/setup/<token>/oidc": Route(("POST",), _SETUP, ("csrf", "issuer", "client_id", "client_secret")),
    "/setup/<token>/enable": Route(("POST",), _SETUP, ("csrf", "untested")),
    "/setup/<token>/disable": Route(("POST",), _SETUP, ("csrf",)),
}

# --- garbage for any address ------------------------------------------------------------------------------------------

Sent = dict[str, Any]
"""Arguments of werkzeug's test client beside path and method."""


def _query(text: str) -> Sent:
    return {"query_string": text}


def _body(data: bytes, content_type: str = FORM, **more: Any) -> Sent:
    return {"data": data, "content_type": content_type, **more}


def _values(route: Route, value: str = MARKER, times: int = 1) -> str:
    return "&".join(f"{name}={value}" for name in route.reads or ("x",) for _ in range(times))


def in_query(route: Route) -> Iterator[tuple[str, Sent]]:
    yield "nothing", {}
    yield "marked values", _query(_values(route))
    yield "repeated parameters", _query(_values(route, times=2))
    yield "invalid UTF-8", _query(_values(route, "%ff%fe" + MARKER))
    yield "overlong UTF-8", _query(_values(route, "%c0%af" + MARKER))
    yield "a surrogate", _query(_values(route, "%ed%a0%80" + MARKER))
    yield "NUL", _query(_values(route, "%00" + MARKER))
    yield "control characters and new lines", _query(_values(route, "%0d%0aSet-Cookie:%20a=" + MARKER))
    yield "a very long value", _query(_values(route, "A" * 60_000 + MARKER))
    yield "very many parameters", _query("&".join(f"p{number}={MARKER}" for number in range(5000)))
    yield "percent signs of nothing", _query("%&%2&%zz=%&=&&;" + MARKER)
    yield "markup", _query(_values(route, quote(f"\"><script>alert('{MARKER}')</script>")))
    yield "an unknown language", _query(f"lang={MARKER}&ui_locales={MARKER}")


def in_body(route: Route) -> Iterator[tuple[str, Sent]]:
    form = _values(route).encode()
    yield "nothing", _body(b"")
    yield "marked values", _body(form)
    yield "repeated parameters", _body(_values(route, times=2).encode())
    yield "invalid UTF-8", _body(_values(route, "%ff%fe").encode() + MARKER.encode())
    yield "raw bytes", _body(_values(route).encode() + b"\xff\xfe\x00\x80")
    yield "NUL", _body(_values(route, "%00" + MARKER).encode())
    yield "a very long value", _body(_values(route, "A" * 200_000 + MARKER).encode())
    yield "very many parameters", _body("&".join(f"p{number}={MARKER}" for number in range(5000)).encode())
    yield "more than we read", _body(form + b"&x=" + b"A" * MAX_BODY_BYTES)
    yield "JSON", _body(json.dumps(dict.fromkeys(route.reads, MARKER)).encode(), "application/json")
    yield "plain text", _body(form, "text/plain")
    yield "XML", _body(f"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;{MARKER}</x>".encode(), "text/xml")
    yield "multipart without a boundary", _body(form, "multipart/form-data")
    yield "multipart cut short", _body(b"--b\r\nContent-Disposition: form-data; name=\"metadata\"; filename=\"m\"\r\n\r\n" + MARKER.encode(), "multipart/form-data; boundary=b")
    yield "multipart fields", _multipart(dict.fromkeys(route.reads, MARKER))
    yield "no content type", _body(form, "")
    yield "a strange content type", _body(form, f"{MARKER}/\x80;;=")
    yield "a strange character set", _body(form, f"{FORM}; charset=utf-16")
    yield "markup", _body(urlencode(dict.fromkeys(route.reads, f"\"><script>alert('{MARKER}')</script>")).encode())
    yield "values in the query instead", {"query_string": _values(route), "content_type": FORM}


def in_headers() -> Iterator[tuple[str, Sent]]:
    for name, value in (
        ("Authorization", f"Basic {MARKER}%%%"),
        ("Authorization", "Basic " + base64.b64encode(b"\xff\xfe:\x00").decode()),
        ("Authorization", f"Bearer {MARKER}"),
        ("Authorization", f"\xff{MARKER}"),
        ("Cookie", f"__Host-vestibule-browser={MARKER}; __Host-vestibule-session=\xff{MARKER}; __Host-vestibule-home-realm={MARKER}.x; __Host-csrf={MARKER}"),
        ("Accept-Language", f"{MARKER};q=x,,\xff"),
        ("Origin", f"https://{MARKER}.example"),
        ("X-Forwarded-For", MARKER),
        ("X-Forwarded-Host", f"{MARKER}.example"),
        ("Host", f"{MARKER}.example"),
        ("Forwarded", f"host={MARKER}"),
        ("Content-Length", "99"),
    ):
        yield f"{name} {value[:20]!r}", {"headers": {name: value}}


def _multipart(fields: dict[str, str]) -> Sent:
    parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
    return _body("".join([*parts, "--b--\r\n"]).encode(), "multipart/form-data; boundary=b")


# --- garbage for one part of a path -----------------------------------------------------------------------------------

PATH_PARTS = {
    "unknown": MARKER,
    "empty": "",
    "invalid UTF-8": "\xff\xfe" + MARKER,
    "NUL": "\x00" + MARKER,
    "dots": "..",
    "a very long one": "A" * 7000 + MARKER,
    "a slash": f"a/{MARKER}",
    "SQL": f"' OR 1=1 --{MARKER}",
    "emoji": "😀".encode().decode("latin-1") + MARKER,
    "new line": f"\r\n{MARKER}",
}
"""As WSGI hands them over: bytes in Latin-1 (PEP 3333)."""

# --- garbage inside a SAML message ------------------------------------------------------------------------------------


def _deflated(octets: bytes) -> bytes:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflater.compress(octets) + deflater.flush()


_XML = f'<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_{MARKER}" Version="2.0"/>'.encode()

OCTETS: dict[str, bytes] = {
    "empty": b"",
    "no XML": MARKER.encode(),
    "XML cut short": _XML[:-10],
    "another root": f"<html><body>{MARKER}</body></html>".encode(),
    "no Issuer": _XML,
    "DOCTYPE with an entity": f'<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]><r>&e;{MARKER}</r>'.encode(),
    "DOCTYPE with an address": f'<!DOCTYPE r SYSTEM "http://{MARKER}.example/x.dtd"><r/>'.encode(),
    "a billion laughs": b'<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><r>&b;</r>',
    "XInclude": f'<r xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///{MARKER}"/></r>'.encode(),
    "a processing instruction": f'<?xml-stylesheet href="{MARKER}"?>'.encode() + _XML,
    "deeply nested": b"<a>" * 5000 + b"</a>" * 5000,
    "UTF-16 without declaration": _XML.decode().encode("utf-16"),
    "a strange encoding": b"<?xml version='1.0' encoding='cp037'?><r/>",
    "NUL inside": _XML.replace(b"/>", b">\x00</samlp:AuthnRequest>"),
    "larger than allowed": _XML + b" " * (1 << 20),
}


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _redirect_values() -> Iterator[tuple[str, str]]:
    yield "wrong base64", f"%%%{MARKER}"
    yield "base64 cut short", _base64(_deflated(_XML))[:-3]
    yield "never compressed", _base64(_XML)
    yield "compressed with a zlib header", _base64(zlib.compress(_XML))
    yield "DEFLATE cut short", _base64(_deflated(_XML)[:-8])
    yield "DEFLATE followed by more", _base64(_deflated(_XML) + b"more")
    yield "a DEFLATE bomb", _base64(_deflated(b"<a>" + b" " * 80_000_000))
    for name, octets in OCTETS.items():
        yield name, _base64(_deflated(octets))


def _post_values() -> Iterator[tuple[str, str]]:
    yield "wrong base64", f"%%%{MARKER}"
    yield "base64 cut short", _base64(_XML)[:-3]
    yield "compressed", _base64(_deflated(_XML))
    for name, octets in OCTETS.items():
        yield name, _base64(octets)


def messages(parameter: str, binding: str) -> Iterator[tuple[str, Sent]]:
    """A message of this name, by GET or POST, wrong in one way."""
    pack: Callable[[dict[str, str]], Sent]
    pack = (lambda fields: _query(urlencode(fields))) if binding == "GET" else (lambda fields: _body(urlencode(fields).encode()))
    values = dict(_redirect_values() if binding == "GET" else _post_values())
    for name, value in values.items():
        yield name, pack({parameter: value, "RelayState": MARKER})
    sound = values["no Issuer"]
    other = "SAMLResponse" if parameter == "SAMLRequest" else "SAMLRequest"
    yield "two messages", pack({parameter: sound, other: sound})
    yield "the other message", pack({other: sound})
    yield "a RelayState without end", pack({parameter: sound, "RelayState": "A" * 10_000})
    if binding == "GET":
        yield "an unknown encoding", pack({parameter: sound, "SAMLEncoding": MARKER})
        yield "a signature without algorithm", pack({parameter: sound, "Signature": "AAAA"})
        yield "an unknown algorithm", pack({parameter: sound, "SigAlg": MARKER, "Signature": "AAAA"})
        yield "a quoted name", _query(f"{quote(parameter[:4])}%4c{parameter[4:]}={quote(sound)}")

"""The browser and the partners of the benchmark: complete logins, each result read and checked.

Identity providers' and applications' work happens in this process and is not counted as the broker's.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

from broker.domain.clock import SystemClock
from broker.domain.directory import Matching, UnknownPeople
from broker.services.actor import operator
from broker.services.applications import SaveApplication
from broker.services.connectors import SaveConnector
from broker.services.provisioning import Caller, PersonRecord, SaveDirectory
from broker.services.provisioning.groups import ChangeGroup
from broker.services.tenants import SaveDomain, SaveTenant
from tests.bench.server import BrokerProcess
from tests.support.oidc_op import CLIENT_ID, CLIENT_SECRET, OpenIdProvider
from tests.support.saml_idp import Answer, SmallIdp

ME = operator("bench")
SECRET = "s" * 40


class Reply:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()
        self.location = response.headers.get("Location", "")

    def form(self) -> tuple[str, dict[str, str]]:
        page = self.body.decode()
        action = re.search(r'<form[^>]*action="([^"]+)"', page)
        assert action, page[:500]
        return unescape(action.group(1)), {
            unescape(n): unescape(v) for n, v in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
        }


class Browser:
    """Keeps cookies; one kept-alive connection."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection
        self.cookies: dict[str, str] = {}

    def open(self, url: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> Reply:
        parts = urlsplit(url)
        sent = {"Cookie": "; ".join(f"{n}={v}" for n, v in self.cookies.items()), **(headers or {})}
        body = None
        if form is not None:
            sent["Content-Type"], body = "application/x-www-form-urlencoded", urlencode(form)
        self._connection.request(
            "GET" if form is None else "POST", f"{parts.path}?{parts.query}" if parts.query else parts.path, body, sent
        )
        response = self._connection.getresponse()
        reply = Reply(response)
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return reply


class Load:
    """Two tenants, one per upstream protocol, and one whose directory tells us its people; an application per downstream protocol."""

    def __init__(self, broker: BrokerProcess) -> None:
        self.broker = broker
        hub = broker.hub
        self.idps: dict[str, tuple[SmallIdp, str]] = {}
        self.op = OpenIdProvider(SystemClock())
        self.op.__enter__()
        self.op.person["email"] = "ada@globex.example"
        self._saml_company("acme")
        self._directory_of(self._saml_company("initech"))
        globex = self._tenant("globex")
        settings = {"issuer": self.op.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        self.oidc_connector = hub.connectors.save(
            ME, SaveConnector(globex, "op", "oidc", "Globex", settings, enabled=True)
        ).object_id
        self.op.redirect_uri = f"{broker.url}/upstream/{self.oidc_connector}/callback"
        self._application("wiki", "saml", {"entity_id": "https://wiki.example/metadata", "acs_urls": ["https://wiki.example/acs"]})
        self._application("pad", "saml", {"entity_id": "https://pad.example/metadata", "acs_urls": ["https://pad.example/acs"]})
        self._application("mail", "oidc", {"client_id": "mail", "redirect_uris": ["https://mail.example/cb"]}, (SECRET,))
        self.connection = http.client.HTTPConnection("127.0.0.1", broker.port, timeout=20)

    def close(self) -> None:
        self.connection.close()
        self.op.__exit__()

    def _tenant(self, slug: str) -> str:
        tenant_id = self.broker.hub.tenants.save(ME, SaveTenant(slug, slug)).object_id
        self.broker.hub.tenants.save_domain(ME, SaveDomain(tenant_id, f"{slug}.example"))
        return tenant_id

    def _saml_company(self, slug: str) -> str:
        idp = SmallIdp(f"https://idp.{slug}.example/saml")
        command = SaveConnector(self._tenant(slug), "idp", "saml", slug, metadata=idp.metadata(), enabled=True)
        self.idps[slug] = idp, self.broker.hub.connectors.save(ME, command).object_id
        return slug

    def _directory_of(self, slug: str) -> None:
        """It knows the person, and puts them into a group of its own."""
        hub, connector_id = self.broker.hub, self.idps[slug][1]
        tenant = hub.tenants.get(slug)
        connector = hub.connectors.by_id(tenant.id, connector_id)
        assert connector is not None
        hub.services.directories.save(ME, connector, SaveDirectory(True, Matching.EMAIL, UnknownPeople.REFUSE))
        caller = Caller(tenant.id, connector_id, connector.slug, connector.name, "bench", Matching.EMAIL)
        address = f"ann@{slug}.example"
        ann = hub.services.directory_people.create(caller, PersonRecord(address, active=True, addresses=((address, "work"),)))
        hub.services.directory_groups.create(caller, ChangeGroup(name="staff", added=frozenset({ann.id})))

    def _application(self, slug: str, protocol: str, settings: dict[str, Any], secrets_: tuple[str, ...] = ()) -> None:
        command = SaveApplication(slug, slug, protocol, settings, client_secrets=secrets_, tenant_ids=None)
        self.broker.hub.applications.save(ME, command)

    # --- steps --------------------------------------------------------------------------------------------------------

    def saml_request(self, slug: str, tenant: str) -> str:
        import zlib

        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        message = (
            f'<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_{secrets.token_hex(16)}" Version="2.0" '
            f'IssueInstant="{now}"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://{slug}.example/metadata'
            "</saml:Issuer></samlp:AuthnRequest>"
        ).encode()
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        value = base64.b64encode(deflater.compress(message) + deflater.flush()).decode()
        return f"{self.broker.url}/t/{tenant}/saml/sso?{urlencode({'SAMLRequest': value, 'RelayState': 'x'})}"

    def oidc_request(self, tenant: str) -> str:
        challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        query = {"response_type": "code", "client_id": "mail", "redirect_uri": "https://mail.example/cb", "scope": "openid email profile",
                 "state": "s", "nonce": "n", "code_challenge": challenge, "code_challenge_method": "S256"}  # fmt: skip
        return f"{self.broker.url}/t/{tenant}/oauth2/authorize?{urlencode(query)}"

    def at_saml_idp(self, browser: Browser, reply: Reply, company: str = "acme") -> Reply:
        assert reply.status == 302, reply.body[:2000]
        request, query = SmallIdp.read_redirect(reply.location)
        idp, connector_id = self.idps[company]
        base = f"{self.broker.url}/upstream/{connector_id}"
        answer = Answer(
            request.get("ID"), f"{base}/acs", f"{base}/metadata", issuer=idp.entity_id, now=datetime.now(UTC),
            response_id=f"_{secrets.token_hex(8)}", assertion_id=f"_{secrets.token_hex(8)}",
            attributes={"email": [f"ann@{company}.example"], "given_name": ["Ann"], "surname": ["Arbor"], "groups": ["a", "b", "c"]},
        )  # fmt: skip
        fields = dict(SmallIdp.form(idp.respond(answer), query["RelayState"]))
        return browser.open(f"{base}/acs", fields)

    def at_op(self, browser: Browser, reply: Reply) -> Reply:
        assert reply.status == 302, reply.body[:2000]
        return browser.open(f"{self.op.redirect_uri}?{urlencode(self.op.visit(reply.location))}")

    def at_saml_app(self, reply: Reply, email: bytes = b"ann@acme.example") -> None:
        assert reply.status == 200, reply.body[:2000]
        _, fields = reply.form()
        assert email in base64.b64decode(fields["SAMLResponse"])

    def at_oidc_app(self, browser: Browser, reply: Reply, tenant: str, email: str) -> None:
        assert reply.status == 302, reply.body[:2000]
        code = dict(parse_qsl(urlsplit(reply.location).query))["code"]
        basic = base64.b64encode(f"{quote_plus('mail')}:{SECRET}".encode()).decode()
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://mail.example/cb",
                  "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}  # fmt: skip
        machine = Browser(self.connection)
        tokens = machine.open(f"{self.broker.url}/t/{tenant}/oauth2/token", fields, {"Authorization": f"Basic {basic}"})
        assert tokens.status == 200, tokens.body
        token = json.loads(tokens.body)["access_token"]
        person = machine.open(f"{self.broker.url}/t/{tenant}/oauth2/userinfo", None, {"Authorization": f"Bearer {token}"})
        assert json.loads(person.body)["email"] == email


def scenario(load: Load, name: str) -> Callable[[], None]:
    """One complete login by a fresh browser (for single sign-on: by one that has a session)."""

    def saml_to_saml() -> None:
        browser = Browser(load.connection)
        load.at_saml_app(load.at_saml_idp(browser, browser.open(load.saml_request("wiki", "acme"))))

    def with_a_directory() -> None:
        browser = Browser(load.connection)
        reply = load.at_saml_idp(browser, browser.open(load.saml_request("wiki", "initech")), "initech")
        load.at_saml_app(reply, b"ann@initech.example")

    def saml_to_oidc() -> None:
        browser = Browser(load.connection)
        reply = load.at_saml_idp(browser, browser.open(load.oidc_request("acme")))
        load.at_oidc_app(browser, reply, "acme", "ann@acme.example")

    def oidc_to_oidc() -> None:
        browser = Browser(load.connection)
        reply = load.at_op(browser, browser.open(load.oidc_request("globex")))
        load.at_oidc_app(browser, reply, "globex", "ada@globex.example")

    session = Browser(load.connection)
    if name.startswith("second"):
        load.at_saml_app(load.at_saml_idp(session, session.open(load.saml_request("wiki", "acme"))))

    def by_session() -> None:
        load.at_saml_app(session.open(load.saml_request("pad", "acme")))

    named = {
        "SAML→SAML": saml_to_saml,
        "SAML→SAML, with a directory (SCIM)": with_a_directory,
        "SAML→OIDC": saml_to_oidc,
        "OIDC→OIDC": oidc_to_oidc,
    }
    return named.get(name, by_session)

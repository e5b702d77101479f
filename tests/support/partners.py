"""Small counterparts of the hub for tests: what an identity provider and an application do, seen from outside.

Independent of the hub's own builders and readers: lxml, xmlsec and joserfc only.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import zlib
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode, urlsplit

import xmlsec
from joserfc import jwt
from joserfc.jwk import KeySet
from lxml import etree
from werkzeug.test import Client, TestResponse

from broker.domain.keys import KeyUse
from tests.support.oidc_op import CLIENT_ID, CLIENT_SECRET, OpenIdProvider
from tests.support.saml_idp import SAML, SAMLP, Answer, SmallIdp, key_pair

if TYPE_CHECKING:
    from tests.support.hub import Browser, Hub

PUBLIC_URL = "http://localhost:8080"


@dataclass
class Learned:
    """What an application knows after a login."""

    subject: str
    claims: dict[str, list[str]]
    tenant: str | None = None
    status: str = "success"
    raw: Any = field(default=None, repr=False)


def form_of(response: TestResponse) -> tuple[str, dict[str, str]]:
    """(action, hidden fields) of the self-posting form on a page."""
    page = response.get_data(as_text=True)
    action = re.search(r'<form[^>]*action="([^"]+)"', page)
    assert action is not None, f"no form on this page ({response.status_code}): {page[:300]}"
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return unescape(action.group(1)), {unescape(name): unescape(value) for name, value in fields}


# --- identity providers -----------------------------------------------------------------------------------------------


class SamlSide:
    """A SAML identity provider and its connector."""

    def __init__(self, hub: Hub, entity_id: str, key: str) -> None:
        self.hub = hub
        self.idp = SmallIdp(entity_id, key_pair(key))
        self.idp.sso = f"{entity_id}/sso"
        self.connector_id = ""
        self.email = "ann@acme.example"

    @property
    def acs(self) -> str:
        return f"{PUBLIC_URL}/upstream/{self.connector_id}/acs"

    def answer_for(self, response: TestResponse, **deviations: Any) -> tuple[Answer, str]:
        """(what an honest provider answers, RelayState) to the AuthnRequest that the hub sent by Redirect."""
        request, query = SmallIdp.read_redirect(response.headers["Location"])
        values: dict[str, Any] = {
            "in_response_to": request.get("ID"),
            "recipient": self.acs,
            "audience": f"{PUBLIC_URL}/upstream/{self.connector_id}/metadata",
            "issuer": self.idp.entity_id,
            "now": self.hub.clock.now(),
            "attributes": {"email": [self.email], "given_name": ["Ann"]},
            "response_id": f"_r{secrets.token_hex(8)}",
            "assertion_id": f"_a{secrets.token_hex(8)}",
            "name_id": f"id-of-{self.email}",
        }
        return Answer(**{**values, **deviations}), query["RelayState"]

    def answer_to(self, response: TestResponse, **deviations: Any) -> tuple[bytes, str]:
        """(Response XML, RelayState) of an honest provider."""
        answer, relay_state = self.answer_for(response, **deviations)
        return self.idp.respond(answer), relay_state

    def deliver(self, browser: Browser, xml: bytes, relay_state: str | None) -> TestResponse:
        return browser.post(self.acs, SmallIdp.form(xml, relay_state))

    def authenticate(self, browser: Browser, response: TestResponse, **deviations: Any) -> TestResponse:
        """The person signs in there; the browser brings the answer."""
        assert response.status_code == 302, response.get_data(as_text=True)
        return self.deliver(browser, *self.answer_to(response, **deviations))


class OidcSide:
    """An OpenID provider and its connector."""

    def __init__(self, hub: Hub) -> None:
        self.op = OpenIdProvider(hub.clock)
        self.connector_id = ""

    def settings(self) -> dict[str, Any]:
        return {"issuer": self.op.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}

    @property
    def email(self) -> str:
        return str(self.op.person["email"])

    def authenticate(self, browser: Browser, response: TestResponse) -> TestResponse:
        assert response.status_code == 302, response.get_data(as_text=True)
        answer = self.op.visit(response.headers["Location"])
        return browser.open(f"{self.op.redirect_uri}?{urlencode(answer)}")


Side = SamlSide | OidcSide


def choose_home_realm(browser: Browser, response: TestResponse, email: str) -> TestResponse:
    """Types an address into the home realm page, if that is what is shown."""
    if response.status_code != 200:
        return response
    action, _ = form_of(response)
    return browser.post(action, {"email": email})


def handed_over(browser: Browser, response: TestResponse) -> TestResponse:
    """What a browser does when an answer at the hub's own name belongs to a tenant's host: it takes it there."""
    if (location := response.headers.get("Location", "")) and ".localhost:8080/upstream/" in location:
        return browser.open(location)
    if response.status_code == 200 and "/upstream/" in form_of(response)[0]:
        return browser.post(*form_of(response))
    return response


# --- applications -----------------------------------------------------------------------------------------------------


class SamlApp:
    """A service provider."""

    def __init__(self, hub: Hub, slug: str) -> None:
        self.hub = hub
        self.entity_id = f"https://{slug}.example/metadata"
        self.acs = f"https://{slug}.example/acs"
        self.application_id = ""

    def request(self, **attributes: str | None) -> etree._Element:
        """An AuthnRequest; attributes override (None leaves out)."""
        moment = self.hub.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        values: dict[str, str | None] = {"ID": f"_q{secrets.token_hex(8)}", "Version": "2.0", "IssueInstant": moment, **attributes}
        root = etree.Element(f"{{{SAMLP}}}AuthnRequest", {name: value for name, value in values.items() if value is not None})
        etree.SubElement(root, f"{{{SAML}}}Issuer").text = self.entity_id
        return root

    def login_url(
        self,
        *,
        tenant: str | None = None,
        at: str | None = None,
        relay_state: str | None = "app-state",
        root: etree._Element | None = None,
        **attributes: Any,
    ) -> str:
        """Where the application sends the browser (HTTP-Redirect). `at`: a tenant's host."""
        message = etree.tostring(self.request(**attributes) if root is None else root)
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        query = {"SAMLRequest": base64.b64encode(deflater.compress(message) + deflater.flush()).decode()}
        if relay_state is not None:
            query["RelayState"] = relay_state
        base = at or (PUBLIC_URL if tenant is None else f"{PUBLIC_URL}/t/{tenant}")
        return f"{base}/saml/sso?{urlencode(query)}"

    def sign_in(self, browser: Browser, side: Side, **attributes: Any) -> Learned:
        """From the first click to the claims."""
        response = choose_home_realm(browser, browser.open(self.login_url(**attributes)), side.email)
        return self.learn(handed_over(browser, side.authenticate(browser, response)))

    def learn(self, response: TestResponse, *, at: str | None = None) -> Learned:
        """Verifies and reads the Response in the hub's self-posting form. `at`: a tenant's host that must have issued it."""
        assert response.status_code == 200, response.get_data(as_text=True)
        action, fields = form_of(response)
        assert action == self.acs
        document = base64.b64decode(fields["SAMLResponse"])
        root = etree.fromstring(document)
        code = root.find(f"{{{SAMLP}}}Status/{{{SAMLP}}}StatusCode")
        assert code is not None
        if not str(code.get("Value")).endswith(":Success"):
            second = code.find(f"{{{SAMLP}}}StatusCode")
            return Learned("", {}, status=str((code if second is None else second).get("Value")).rpartition(":")[2], raw=root)
        self._verify(root)
        assert at is None or root.findtext(f"{{{SAML}}}Issuer") == f"{at}/saml/metadata"
        assertion = root.find(f"{{{SAML}}}Assertion")
        assert assertion is not None
        claims = {
            str(attribute.get("Name")): [str(value.text) for value in attribute]
            for attribute in assertion.iterfind(f"{{{SAML}}}AttributeStatement/{{{SAML}}}Attribute")
        }
        name_id = assertion.findtext(f"{{{SAML}}}Subject/{{{SAML}}}NameID") or ""
        return Learned(name_id, claims, (claims.get("urn:vestibule:claims:tenant") or [None])[0], raw=root)

    def _verify(self, root: etree._Element) -> None:
        certificate = self.hub.built.keyring.active(KeyUse.SAML_SIGNING).certificate_pem
        xmlsec.tree.add_ids(root, ["ID"])
        signatures = root.findall(".//{http://www.w3.org/2000/09/xmldsig#}Signature")
        assert signatures, "the hub's Response is not signed"
        for signature in signatures:
            context = xmlsec.SignatureContext()
            context.key = xmlsec.Key.from_memory(certificate, xmlsec.constants.KeyDataFormatCertPem)
            context.verify(signature)


class OidcApp:
    """A relying party."""

    def __init__(self, hub: Hub, slug: str) -> None:
        self.hub = hub
        self.client_id = f"{slug}-client"
        self.secret = f"{slug}-secret-{'x' * 32}"
        self.redirect_uri = f"https://{slug}.example/callback"
        self.application_id = ""
        self.verifier = secrets.token_urlsafe(48)
        self.machine = Client(hub.app, use_cookies=False)

    def login_url(self, *, tenant: str | None = None, at: str | None = None, **changes: str | None) -> str:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        values: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid email profile",
            "state": "app-state",
            "nonce": "app-nonce",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **changes,
        }
        query = urlencode({name: value for name, value in values.items() if value is not None})
        return f"{at or self.base(tenant)}/oauth2/authorize?{query}"

    @staticmethod
    def base(tenant: str | None) -> str:
        return PUBLIC_URL if tenant is None else f"{PUBLIC_URL}/t/{tenant}"

    def sign_in(
        self, browser: Browser, side: Side, *, tenant: str | None = None, at: str | None = None, **changes: Any
    ) -> Learned:
        response = choose_home_realm(browser, browser.open(self.login_url(tenant=tenant, at=at, **changes)), side.email)
        return self.learn(handed_over(browser, side.authenticate(browser, response)), tenant=tenant, at=at)

    def callback(self, response: TestResponse) -> dict[str, str]:
        from tests.support.hub import query_of

        assert response.status_code == 302, response.get_data(as_text=True)
        location = response.headers["Location"]
        assert location.startswith(self.redirect_uri + "?"), location
        return query_of(location)

    def redeem(self, code: str, *, tenant: str | None = None, at: str | None = None, **changes: str) -> TestResponse:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
            **changes,
        }
        credentials = base64.b64encode(f"{quote_plus(self.client_id)}:{quote_plus(self.secret)}".encode()).decode()
        path = urlsplit(at or self.base(tenant)).path + "/oauth2/token"
        return self.machine.post(path, base_url=at or PUBLIC_URL, data=fields, headers={"Authorization": f"Basic {credentials}"})

    def learn(self, response: TestResponse, *, tenant: str | None = None, at: str | None = None) -> Learned:
        """Code to tokens to userinfo; the ID token is verified with the published keys."""
        answer = self.callback(response)
        if "error" in answer:
            return Learned("", {}, status=answer["error"], raw=answer)
        assert answer["iss"] == (at or self.base(tenant))
        tokens = self.redeem(answer["code"], tenant=tenant, at=at)
        assert tokens.status_code == 200, tokens.get_data(as_text=True)
        prefix, hub = urlsplit(at or self.base(tenant)).path, at or PUBLIC_URL
        keys = KeySet.import_key_set(self.machine.get(f"{prefix}/oauth2/jwks", base_url=hub).get_json())
        claims = jwt.decode(tokens.get_json()["id_token"], keys, algorithms=["RS256", "ES256"]).claims
        assert claims["iss"] == (at or self.base(tenant))
        assert claims["aud"] in (self.client_id, [self.client_id])
        authorization = {"Authorization": f"Bearer {tokens.get_json()['access_token']}"}
        person = self.machine.get(f"{prefix}/oauth2/userinfo", base_url=hub, headers=authorization)
        assert person.status_code == 200, person.get_data(as_text=True)
        assert person.get_json()["sub"] == claims["sub"]
        merged = {**person.get_json(), **claims}
        listed = {
            name: [str(item) for item in value] if isinstance(value, list) else [str(value)] for name, value in merged.items()
        }
        return Learned(claims["sub"], listed, claims.get("tid"), raw=tokens.get_json())


App = SamlApp | OidcApp

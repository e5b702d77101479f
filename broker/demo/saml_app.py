"""Ledger: a SAML application of the demonstration. It trusts one identity provider, the hub."""

from __future__ import annotations

from datetime import UTC, datetime

import requests
from flask import Flask, Response, redirect, request, session
from lxml import etree
from werkzeug.wrappers import Response as WerkzeugResponse

from broker.demo import saml_messages
from broker.demo.site import PartnerError, Waiting, app_page, make_site
from broker.demo.state import StateFiles
from broker.demo.world import World
from broker.domain import random_ids
from broker.domain.clock import Clock
from broker.domain.errors import BrokerError
from broker.protocols import xml, xmldsig
from broker.protocols.saml import names
from broker.protocols.saml.names import ds, md, saml, samlp

SITE = "ledger"
TITLE = "Ledger"

_TIMEOUT_SECONDS = 5


def create(world: World, _files: StateFiles, clock: Clock) -> Flask:
    app = make_site(SITE, TITLE, world.saml_app)
    acs = f"{world.saml_app}/acs"
    waiting = Waiting()

    @app.get("/")
    def home() -> Response:
        return app_page(SITE, TITLE, "SAML 2.0", who=session.get("who"), other=world.oidc_app, other_title="Atlas", tenant="acme")

    @app.get("/metadata")
    def metadata() -> Response:
        document = saml_messages.service_provider_metadata(f"{world.saml_app}/metadata", acs)
        return Response(document, content_type="application/samlmetadata+xml")

    @app.get("/login")
    def login() -> WerkzeugResponse:
        hub = _hub_of(world, request.args.get("tenant"))
        request_id = random_ids.xml_id()
        # Kept on this side, not in a cookie: the answer is a cross-site POST, which brings no SameSite=Lax cookie.
        waiting.put(request_id, {"hub": hub})
        force = request.args.get("fresh") == "yes"
        destination = f"{hub}/saml/sso"
        return redirect(
            saml_messages.authentication_request(
                request_id, f"{world.saml_app}/metadata", destination, acs, clock.now(), force=force, relay_state=request_id
            )
        )

    @app.post("/acs")
    def answer() -> WerkzeugResponse:
        request_id = request.form.get("RelayState", "")
        hub = waiting.take(request_id)["hub"]
        response, assertion = saml_messages.read_response(request.form.get("SAMLResponse", ""), _keys_of(hub))
        expected = _Expected(request_id, acs, f"{world.saml_app}/metadata", f"{hub}/saml/metadata", clock.now())
        session["who"] = expected.read(response, assertion)
        return redirect("/", 303)

    @app.post("/logout")
    def logout() -> WerkzeugResponse:
        session.clear()
        return redirect("/", 303)

    return app


def _hub_of(world: World, tenant: str | None) -> str:
    """The common endpoints of the hub, or one tenant's own."""
    if tenant is None:
        return world.broker_url
    if not tenant.replace("-", "").isalnum():
        raise PartnerError("There is no such organisation.")
    return f"{world.broker_url}/t/{tenant}"


def _keys_of(hub: str) -> tuple[xmldsig.VerificationKey, ...]:
    """The hub's current signing keys, from its metadata. Read per answer, so that key rollover can be watched."""
    try:
        answer = requests.get(f"{hub}/saml/metadata", timeout=_TIMEOUT_SECONDS, allow_redirects=False)
        answer.raise_for_status()
        root = xml.parse_metadata(answer.content)
        role = root.find(md("IDPSSODescriptor"))
        if role is None:
            raise PartnerError("The metadata of Vestibule names no identity provider.")
        descriptors = [each for each in role.findall(md("KeyDescriptor")) if each.get("use") != "encryption"]
        certificates = [each for descriptor in descriptors for each in descriptor.iter(ds("X509Certificate"))]
        return tuple(xmldsig.VerificationKey.from_certificate(xml.text_of(each)) for each in certificates)
    except (requests.RequestException, BrokerError, ValueError) as error:
        raise PartnerError("The metadata of Vestibule cannot be read.") from error


class _Expected:
    """What the answer to one request must say (SAML Profiles 4.1.4.2 and 4.1.4.3)."""

    def __init__(self, request_id: str, acs: str, entity_id: str, issuer: str, now: datetime) -> None:
        self.request_id = request_id
        self.acs = acs
        self.entity_id = entity_id
        self.issuer = issuer
        self.now = now

    def read(self, response: etree._Element, assertion: etree._Element | None) -> dict[str, object]:
        """The person, for the session. Raises PartnerError."""
        status = [code.get("Value", "") for code in response.iter(samlp("StatusCode"))]
        if status[:1] != [names.SUCCESS]:
            reason = status[-1].rpartition(":")[2] if status else "?"
            raise PartnerError(f"Vestibule did not sign you in. SAML status: {reason}")
        if assertion is None:
            raise PartnerError("The answer carries no assertion.")
        self._require(response.get("Destination") == self.acs, "Destination")
        self._require(response.get("InResponseTo") == self.request_id, "InResponseTo")
        self._require(_text(assertion, "Issuer") == self.issuer, "Issuer")
        self._require(_text(assertion, "Conditions", "AudienceRestriction", "Audience") == self.entity_id, "Audience")
        data = _find(assertion, "Subject", "SubjectConfirmation", "SubjectConfirmationData")
        self._require(data.get("Recipient") == self.acs, "Recipient")
        self._require(data.get("InResponseTo") == self.request_id, "InResponseTo")
        for limited in (data, _find(assertion, "Conditions")):
            self._require(_moment(limited.get("NotOnOrAfter", "")) > self.now, "NotOnOrAfter")
        attributes = [(str(each.get("Name")), _values(each)) for each in assertion.iter(saml("Attribute"))]
        return {"subject": _text(assertion, "Subject", "NameID"), "issuer": self.issuer, "claims": attributes}

    def _require(self, holds: bool, what: str) -> None:
        if not holds:
            raise PartnerError(f"The answer does not belong to this request: {what}.")


def _find(parent: etree._Element, *path: str) -> etree._Element:
    found = parent.find("/".join(saml(name) for name in path))
    if found is None:
        raise PartnerError(f"The assertion has no {path[-1]}.")
    return found


def _text(parent: etree._Element, *path: str) -> str:
    return xml.text_of(_find(parent, *path)).strip()


def _values(attribute: etree._Element) -> list[str]:
    return [xml.text_of(value) for value in attribute.iter(saml("AttributeValue"))]


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    except ValueError as error:
        raise PartnerError("The answer has no valid times.") from error

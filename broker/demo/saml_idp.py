"""Acme ID: a SAML identity provider of the demonstration. One picks a person instead of typing a password."""

from __future__ import annotations

from flask import Flask, Response, request

from broker.demo import saml_messages
from broker.demo.site import PartnerError, Waiting, make_site, page
from broker.demo.state import StateFiles
from broker.demo.world import ACME_PEOPLE, World, person_of
from broker.domain import random_ids
from broker.domain.clock import Clock
from broker.domain.keys import KeyUse, SigningKey
from broker.protocols.saml import names
from broker.protocols.xmldsig import SigningHandle

SITE = "acme-id"
TITLE = "Acme ID"


def signing_key(files: StateFiles) -> SigningKey:
    return files.key("acme-id", KeyUse.SAML_SIGNING)


def metadata(world: World, key: SigningKey) -> bytes:
    return saml_messages.identity_provider_metadata(
        f"{world.saml_idp}/metadata", f"{world.saml_idp}/sso", key.certificate_pem, TITLE
    )


def create(world: World, files: StateFiles, clock: Clock) -> Flask:
    app = make_site(SITE, TITLE, world.saml_idp)
    key = signing_key(files)
    speaker = saml_messages.Speaker(f"{world.saml_idp}/metadata", SigningHandle.from_pem(key.private_pem, key.certificate_pem))
    waiting = Waiting()

    @app.get("/")
    def home() -> Response:
        return page("demo/idp_home.html", site=SITE, title=TITLE, people=ACME_PEOPLE, start=world.saml_app)

    @app.get("/metadata")
    def own_metadata() -> Response:
        return Response(metadata(world, key), content_type="application/samlmetadata+xml")

    @app.route("/sso", methods=["GET", "POST"])
    def sso() -> Response:
        posted = request.method == "POST"
        carried = request.form if posted else request.args
        received = saml_messages.read_request(carried.get("SAMLRequest", ""), deflated=not posted)
        # Nobody registered the hub here; its addresses are known because both belong to the demonstration.
        if not (world.is_broker_address(received.issuer, "/metadata") and world.is_broker_address(received.acs, "/acs")):
            raise PartnerError("The request does not come from the Vestibule of this demonstration.")
        item = {"id": received.id, "issuer": received.issuer, "acs": received.acs, "relay": carried.get("RelayState", "")}
        if received.passive:
            message = saml_messages.refusal(speaker, received.id, received.acs, names.NO_PASSIVE, clock.now())
            return _post(item, message)
        ticket = random_ids.handle()
        waiting.put(ticket, item)
        return page("demo/pick.html", site=SITE, title=TITLE, people=ACME_PEOPLE, ticket=ticket, hint=received.hint)

    @app.post("/pick")
    def pick() -> Response:
        item = waiting.take(request.form.get("ticket", ""))
        person = person_of(ACME_PEOPLE, request.form.get("person", ""))
        if person is None:
            message = saml_messages.refusal(speaker, item["id"], item["acs"], names.AUTHN_FAILED, clock.now())
        else:
            message = saml_messages.response(speaker, item["id"], item["acs"], item["issuer"], person, clock.now())
        return _post(item, message)

    return app


def _post(item: dict[str, str], message: str) -> Response:
    fields = [("SAMLResponse", message)]
    if item["relay"]:
        fields.append(("RelayState", item["relay"]))
    return page("demo/post.html", site=SITE, title=TITLE, action=item["acs"], fields=fields)

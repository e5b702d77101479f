"""SAML identity providers of the demonstration: Acme ID, which the hub knows from the start, and Initech Login, which
somebody connects on a set-up page. One picks a person instead of typing a password."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, request

from broker.demo import saml_messages
from broker.demo.site import PartnerError, Waiting, make_site, page
from broker.demo.state import StateFiles
from broker.demo.world import ACME_PEOPLE, INITECH_PEOPLE, Person, World, person_of
from broker.domain import random_ids
from broker.domain.clock import Clock
from broker.domain.keys import KeyUse, SigningKey
from broker.protocols.saml import names
from broker.protocols.xmldsig import SigningHandle


@dataclass(frozen=True, slots=True)
class Company:
    """What tells two companies with such a provider apart. `site` names its colours and its key."""

    site: str
    title: str
    people: tuple[Person, ...]
    address: Callable[[World], str]


ACME = Company("acme-id", "Acme ID", ACME_PEOPLE, lambda world: world.saml_idp)
INITECH = Company("initech-login", "Initech Login", INITECH_PEOPLE, lambda world: world.third_idp)


def signing_key(files: StateFiles, company: Company = ACME) -> SigningKey:
    return files.key(company.site, KeyUse.SAML_SIGNING)


def entity_id(world: World, company: Company = ACME) -> str:
    return f"{company.address(world)}/metadata"


def metadata(world: World, key: SigningKey, company: Company = ACME) -> bytes:
    return saml_messages.identity_provider_metadata(
        entity_id(world, company), f"{company.address(world)}/sso", key.certificate_pem, company.title
    )


def create(world: World, files: StateFiles, clock: Clock, company: Company = ACME) -> Flask:
    app = make_site(company.site, company.title, company.address(world))
    key = signing_key(files, company)
    speaker = saml_messages.Speaker(entity_id(world, company), SigningHandle.from_pem(key.private_pem, key.certificate_pem))
    waiting = Waiting()

    @app.get("/")
    def home() -> Response:
        return page("demo/idp_home.html", site=company.site, title=company.title, people=company.people, start=world.saml_app)

    @app.get("/metadata")
    def own_metadata() -> Response:
        return Response(metadata(world, key, company), content_type="application/samlmetadata+xml")

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
            return _post(item, message, company)
        ticket = random_ids.handle()
        waiting.put(ticket, item)
        return page(
            "demo/pick.html", site=company.site, title=company.title, people=company.people, ticket=ticket, hint=received.hint
        )

    @app.post("/pick")
    def pick() -> Response:
        item = waiting.take(request.form.get("ticket", ""))
        person = person_of(company.people, request.form.get("person", ""))
        if person is None:
            message = saml_messages.refusal(speaker, item["id"], item["acs"], names.AUTHN_FAILED, clock.now())
        else:
            message = saml_messages.response(speaker, item["id"], item["acs"], item["issuer"], person, clock.now())
        return _post(item, message, company)

    return app


def _post(item: dict[str, str], message: str, company: Company) -> Response:
    fields = [("SAMLResponse", message)]
    if item["relay"]:
        fields.append(("RelayState", item["relay"]))
    return page("demo/post.html", site=company.site, title=company.title, action=item["acs"], fields=fields)

"""From what the identity provider said to what the hub believes: acceptance rules and the tenant boundary (PRODUCT rule 1)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from broker.catalog.catalog import Catalog
from broker.catalog.prepare import PreparedConnector
from broker.domain import claims as c
from broker.domain.authentication import UpstreamAuthentication
from broker.domain.claims import Claim, Claims
from broker.domain.email import domain_of, normalise
from broker.domain.errors import ForeignEmail, MissingClaim
from broker.domain.http import Outgoing
from broker.domain.messages import Sentence, filled, translatable
from broker.domain.trace import Trace
from broker.keys.keyring import Keyring
from broker.login.boundary import standing
from broker.login.context import Login
from broker.login.upstream import connector_of
from broker.rules.aliases import canonicalise
from broker.rules.evaluate import transform

NO_CLAIMS = Claims()
_SEVERAL = frozenset({c.GROUP, c.ROLE})


def accept(login: Login) -> Outgoing | None:
    """Leaves `claims`. Raises ForeignEmail, MissingClaim."""
    if login.session is not None:
        login.leave(claims=login.session.claims)
        return None
    authentication = login.transaction.authentication
    if authentication is None:
        raise RuntimeError("no authentication yet")
    prepared = connector_of(login)
    if authentication.subject.connector_id != prepared.connector.id:
        # Cannot happen; if it did, one tenant's rules would be applied to another tenant's person.
        raise RuntimeError("the authentication is not of the chosen home realm")
    boundary = Boundary(login.hub.catalog, login.hub.keyring, login.trace)
    directory = login.transaction.directory
    login.leave(claims=believe(boundary, prepared, authentication, directory.claims if directory else NO_CLAIMS))
    return None


@dataclass(frozen=True, slots=True)
class Boundary:
    """What judging needs: whose domains, how addresses are written down, and where it is told."""

    catalog: Catalog
    keyring: Keyring
    trace: Trace


def believe(
    at: Boundary, prepared: PreparedConnector, authentication: UpstreamAuthentication, of_directory: Claims = NO_CLAIMS
) -> Claims:
    """What acceptance rules and the tenant boundary make of the claims. Raises ForeignEmail, MissingClaim.

    `of_directory`: what the customer's directory says about the person; it passes the same rules and the same boundary.
    """
    received = _stamped(canonicalise(authentication.claims), prepared.connector.slug)
    at.trace.claims(translatable("received, under canonical names"), authentication.claims, received)
    if of_directory:
        received = _completed(received, of_directory)
        at.trace.claims(translatable("with what the directory says"), NO_CLAIMS, of_directory)
    # An identity provider cannot say what only the hub may say (SECURITY 3, claim injection).
    accepted = received.without(c.PROTECTED)
    if prepared.acceptance:
        accepted = transform(prepared.acceptance, accepted, at.trace, "acceptance")
    tenant = at.catalog.tenant(prepared.connector.tenant_id)
    if tenant is not None and tenant.acceptance:
        accepted = transform(tenant.acceptance, accepted, at.trace, "acceptance of the tenant")
    return _within_boundary(at, prepared, accepted.without(c.PROTECTED), authentication.asserted_email_verified)


def _completed(received: Claims, of_directory: Claims) -> Claims:
    """Groups and roles of both count. Of everything else the provider's own word comes first, for it is newer; an address is
    taken only when the provider gave nothing that could be one."""
    held = {(claim.type, claim.value) for claim in received}
    types = {claim.type for claim in received}
    has_address = c.UPN in types or any(claim.properties.get("format") == c.EMAIL_NAME_ID for claim in received)
    return received.plus(
        claim
        for claim in of_directory
        if (claim.type in _SEVERAL or claim.type not in types)
        and (claim.type, claim.value) not in held
        and not (claim.type == c.EMAIL and has_address)
    )


def _stamped(claims: Claims, issuer: str) -> Claims:
    return Claims(
        tuple(replace(claim, issuer=issuer, original_issuer=claim.original_issuer or claim.issuer or issuer) for claim in claims)
    )


def _within_boundary(at: Boundary, prepared: PreparedConnector, claims: Claims, asserted: bool | None) -> Claims:
    """At most one email, normalised, of a domain that this tenant has proved; anything else ends the login."""
    connector, trace = prepared.connector, at.trace
    email = _email(at, connector.tenant_id, claims)
    others = tuple(claim for claim in claims if claim.type != c.EMAIL and _may_stay(at, connector.tenant_id, claim))
    if email is None:
        trace.check("tenant.email", passed=connector.admits_guests, reason="no email address among the accepted claims")
        if not connector.admits_guests:
            raise MissingClaim(
                cause="no email address among the accepted claims",
                check="tenant.email",
                fix="Release the person's email address to us, or add an acceptance rule that makes one.",
            )
        return Claims(others)
    trace.email_hash = at.keyring.email_hash(email)
    owned, admitted = standing(at.catalog, connector, email)
    trace.check("tenant.email_domain", passed=admitted, reason=_proved(domain_of(email), owned))
    if not admitted:
        raise ForeignEmail(
            cause=filled("the domain %(domain)s is not proved by this tenant", domain=domain_of(email)), check="tenant.email_domain"
        )
    # The provider's "false" is believed; its "true" only inside the tenant's own domains (nOAuth).
    verified = owned and asserted is not False
    return Claims(
        (
            *others,
            Claim(c.EMAIL, email, issuer=connector.slug, original_issuer=connector.slug),
            Claim(c.EMAIL_VERIFIED, "true" if verified else "false", c.BOOLEAN, issuer="vestibule", original_issuer="vestibule"),
        )
    )


def _email(at: Boundary, tenant_id: str, claims: Claims) -> str | None:
    """The one address: an email claim, else a NameID of email format, else the UPN. Each goes through `normalise`."""
    candidates = claims.values(c.EMAIL)
    source = filled("email claim")
    if not candidates:
        candidates = tuple(
            claim.value for claim in claims.of_type(c.NAME_IDENTIFIER) if claim.properties.get("format") == c.EMAIL_NAME_ID
        )
        source = filled("NameID of email format")
    if not candidates:
        candidates = tuple(value for value in claims.values(c.UPN) if _own(at, tenant_id, value))
        source = filled("user principal name")
    if not candidates:
        return None
    distinct = set(candidates)
    email = normalise(distinct.pop()) if len(distinct) == 1 else None
    at.trace.check(
        "tenant.email_form",
        passed=email is not None,
        reason=filled("%(count)s value(s), from the %(source)s", count=len(set(candidates)), source=source),
    )
    if email is None:
        raise ForeignEmail(
            cause=filled("the %(source)s is not exactly one plain address", source=source), check="tenant.email_form"
        )
    return email


def _proved(domain: str, owned: bool) -> Sentence:
    if owned:
        return filled("%(domain)s proved by this tenant: True", domain=domain)
    return filled("%(domain)s proved by this tenant: False", domain=domain)


def _own(at: Boundary, tenant_id: str, value: str) -> bool:
    address = normalise(value)
    return address is not None and at.catalog.owns_domain(tenant_id, domain_of(address))


def _may_stay(at: Boundary, tenant_id: str, claim: Claim) -> bool:
    """A UPN reads like an address to an application, so a foreign one does not pass; everything else may."""
    if claim.type != c.UPN or "@" not in claim.value:
        return True
    address = normalise(claim.value)
    stays = address is not None and at.catalog.owns_domain(tenant_id, domain_of(address))
    if not stays:
        at.trace.decide("user principal name", "dropped: its domain is not proved by this tenant")
    return stays

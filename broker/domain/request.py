"""What an application asked for, in no protocol's terms."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Hints:
    """Where the request says the person comes from. All are hints: none authorises anything.

    `tenant` is set by the per-tenant endpoint; `connector` by `idp_hint` or SAML Scoping; `domain` by `domain_hint`, `hd`
    or `whr`; `login_hint` is an email address, `DOMAIN\\user` or user principal name.
    """

    tenant_id: str | None = None
    connector: str | None = None
    domain: str | None = None
    login_hint: str | None = None
    idp_list: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthenticationRequest:
    """One verified request of a known application, with a reply address that is registered for it.

    `protocol` names the downstream protocol that will answer ("saml", "oidc"). `protocol_state` belongs to that protocol
    alone (RelayState, nonce, code challenge, …): the pipeline carries it and never looks inside.
    `max_age_seconds`: the oldest authentication that satisfies the request; None means any age within the session.
    """

    application_id: str
    protocol: str
    reply_address: str
    hints: Hints = Hints()
    passive: bool = False
    force_authentication: bool = False
    select_account: bool = False
    max_age_seconds: int | None = None
    requested_contexts: tuple[str, ...] = ()
    subject_format: str | None = None
    locale: str | None = None
    protocol_state: dict[str, str] = field(default_factory=dict)

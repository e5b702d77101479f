"""A later visit: newer metadata for a connector that works. Shown first, taken over when somebody says so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec

from broker.domain.errors import InvalidSettings
from broker.domain.trust import Connector
from broker.protocols.certificates import load_certificate
from broker.services.actor import Verb
from broker.services.connectors import NOT_FOLLOWED, Connectors, SaveConnector
from broker.services.context import Workbench
from broker.services.setup_links import Visit, unchanged
from broker.store import mapping
from broker.store.transient.contract import TransientStore
from metadata.saml_words import day

_KIND = "setup.proposal"
_WAITS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class CertificateLine:
    sha256: str
    not_after: datetime
    pem: str

    @property
    def until(self) -> str:
        return day(self.not_after)


@dataclass(frozen=True, slots=True)
class Stored:
    document: bytes
    url: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What newer metadata says and what would change. `dropped`: certificates that it does not list any more."""

    understood: tuple[str, ...]
    warnings: tuple[str, ...]
    changes: tuple[str, ...]
    dropped: tuple[CertificateLine, ...]


_stored = msgspec.json.Decoder(Stored)


class SetupRenewal:
    def __init__(self, bench: Workbench, connectors: Connectors, transient: TransientStore) -> None:
        self._bench = bench
        self._connectors = connectors
        self._transient = transient

    def take(self, visit: Visit, document: bytes, *, url: str = "") -> bool:
        """Taken over at once by a draft that has no settings yet; else it waits: False. Raises InvalidMetadata."""
        connector = visit.chosen()
        if not self._complete(connector):
            self._save(visit, connector, document, url)
            return True
        self._connectors.understand(self._command(connector, document, url))  # a wrong file says so now
        stored = msgspec.json.encode(Stored(document, url))
        self._transient.put(_KIND, visit.link_id, stored, self._bench.clock.now() + _WAITS)
        return False

    def fetch(self, visit: Visit, url: str) -> bool:
        """Raises FetchError, InvalidMetadata."""
        visit.chosen()
        return self.take(visit, self._connectors.fetch_metadata(url), url=url)

    def proposal(self, visit: Visit) -> Proposal | None:
        """What waits to be taken over, compared with what is in use."""
        stored, connector = self._waiting(visit), visit.connector
        if stored is None or connector is None:
            return None
        read = self._connectors.understand(self._command(connector, stored.document, stored.url))
        now, then = connector.settings, read.settings
        before, after = certificates_of(now), certificates_of(then)
        known, listed = {line.sha256 for line in before}, {line.sha256 for line in after}
        changes = [f"A new signing certificate, valid until {line.until}." for line in after if line.sha256 not in known]
        dropped = tuple(line for line in before if line.sha256 not in listed)
        changes += [f"A signing certificate is not listed any more; it was valid until {line.until}." for line in dropped]
        changes += _address_changes(now, then)
        if (followed := getattr(now, "metadata_url", "")) and not then.metadata_url:
            changes.append(NOT_FOLLOWED.format(host=urlsplit(followed).hostname))
        return Proposal(read.understood, read.warnings, tuple(changes), dropped)

    def certificates(self, visit: Visit) -> tuple[CertificateLine, ...]:
        return () if visit.connector is None else certificates_of(visit.connector.settings)

    def accept(self, visit: Visit, *, keep_dropped: bool) -> None:
        """Takes over what waits. `keep_dropped`: certificates that are not listed any more are accepted further."""
        stored, connector = self._waiting(visit), visit.chosen()
        if stored is None:
            raise InvalidSettings("There is nothing to take over any more. Give the metadata again.", field="metadata")
        kept: tuple[str, ...] = ()
        if keep_dropped and (proposal := self.proposal(visit)) is not None:
            kept = tuple(line.pem for line in proposal.dropped)
        self._save(visit, connector, stored.document, stored.url, kept)
        self._transient.delete(_KIND, visit.link_id)

    def decline(self, visit: Visit) -> None:
        self._transient.delete(_KIND, visit.link_id)

    def drop_certificate(self, visit: Visit, sha256: str) -> None:
        """Stops accepting an old certificate; the last one stays. Raises InvalidSettings."""
        connector = visit.chosen()
        before = certificates_of(connector.settings)
        left = [line.pem for line in before if line.sha256 != sha256]
        if not left or len(left) == len(before):
            raise InvalidSettings("The last certificate cannot be removed: nobody could sign in.", field="certificate")
        self._connectors.save(visit.actor, _of_this_list(unchanged(connector, {"signing_certificates": left}), connector))

    # --- inside -------------------------------------------------------------------------------------------------------

    def _complete(self, connector: Connector) -> bool:
        understood, _ = self._connectors.words(connector.tenant_id, connector.id)
        return bool(understood)

    def _waiting(self, visit: Visit) -> Stored | None:
        visit.actor.require(Verb.SET_UP, visit.tenant.id)
        value = self._transient.get(_KIND, visit.link_id)
        return None if value is None else _stored.decode(value)

    def _command(self, connector: Connector, document: bytes, url: str, kept: tuple[str, ...] = ()) -> SaveConnector:
        values: dict[str, Any] = {}
        if url and "metadata_url" in connector.settings.__dataclass_fields__:
            values["metadata_url"] = url  # without one, `understand` ends the following of another
        command = unchanged(connector, values, document)
        if kept:
            read = self._connectors.understand(command)
            values["signing_certificates"] = [*read.settings.signing_certificates, *kept]
            return _of_this_list(command, connector)
        return command

    def _save(self, visit: Visit, connector: Connector, document: bytes, url: str, kept: tuple[str, ...] = ()) -> None:
        self._connectors.save(visit.actor, self._command(connector, document, url, kept))


def _of_this_list(command: SaveConnector, connector: Connector) -> SaveConnector:
    """A list of certificates is made from the one that somebody looked at: what was added meanwhile must not go with it."""
    return replace(command, expected_version=connector.version)


def certificates_of(settings: Any) -> tuple[CertificateLine, ...]:
    """The signing certificates that are accepted; none for protocols without any."""
    found = []
    for pem in mapping.plain(settings).get("signing_certificates", ()):
        certificate = load_certificate(pem)
        found.append(CertificateLine(certificate.sha256, certificate.not_after, pem))
    return tuple(found)


def _address_changes(now: Any, then: Any) -> list[str]:
    said = {
        "entity_id": "It has another name: {0}.",
        "sso_redirect_url": "People are sent to another address: {0}.",
        "sso_post_url": "People are sent to another address: {0}.",
    }
    lines = [
        sentence.format(getattr(then, name))
        for name, sentence in said.items()
        if getattr(now, name, "") != getattr(then, name, "") and getattr(then, name, "")
    ]
    return list(dict.fromkeys(lines))

"""Is this installation well? One list of findings, each with what to do. Nothing is changed."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import msgspec

from broker import __version__
from broker.domain.errors import BrokerError, ConfigurationError, FetchError, MailNotSent
from broker.domain.host import HostState
from broker.domain.keys import KeyUse, OwnerKind
from broker.net.fetch import GuardedFetcher
from broker.services.actor import Actor, Role, Verb
from broker.services.context import Workbench
from broker.services.hosts import SOON as HOST_SOON
from broker.services.key_policy import policy_of
from broker.services.master_key import MasterKey
from broker.services.post import Post
from broker.services.safeguards import Safeguards
from broker.store import upgrade
from broker.store.tables import diagnosis, hosts, key_queries

SOON = timedelta(days=60)
OWN_SOON = timedelta(days=90)
"""A new certificate of ours has to reach every partner first."""
_SPOOFED = "192.0.2.77"  # documentation range (RFC 5737): nobody's real address
_LEAST_FREE_BYTES = 512 * 1024 * 1024


class Health(StrEnum):
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """`topic` groups; `remedy` only where something is to be done."""

    topic: str
    health: Health
    sentence: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the hub says of itself under its public address."""

    name: str = ""
    version: str = ""
    your_address: str = ""


class Doctor:
    def __init__(self, bench: Workbench, post: Post, safeguards: Safeguards) -> None:
        self._bench = bench
        self._safeguards = safeguards
        self._post = post

    def examine(self, actor: Actor) -> list[Finding]:
        """Everything, worst cases included: a check that cannot run is a finding, never an exception."""
        actor.require(Verb.ADMINISTER, None)
        keys = (self._keys, self._waiting_keys)
        here = (self._settings, self._database, *keys, self._staff, self._clock, self._certificates, self._hosts)
        parts = (*here, self._mail, self._public_address)
        findings: list[Finding] = []
        for part in parts:
            try:
                findings += part()
            except BrokerError as error:
                sentence = error.sentence if isinstance(error, ConfigurationError) else f"{error.sentence} {error.cause}"
                findings.append(Finding(part.__name__.strip("_").replace("_", " "), Health.BAD, sentence, error.fix))
        return findings

    def _settings(self) -> Iterator[Finding]:
        settings = self._bench.settings
        yield Finding("settings", Health.GOOD, f"Public address: {settings.public_url}.")
        for each in self._safeguards.missing():
            if each.safeguard.weakens:
                health = Health.GOOD if each.safeguard.expected else Health.WARNING
                yield Finding("settings", health, each.safeguard.sentence, "" if each.safeguard.expected else each.safeguard.remedy)
        key_file = Path(settings.master_key_file)
        if not settings.master_key and key_file.exists() and stat.S_IMODE(key_file.stat().st_mode) & 0o077:
            yield Finding(
                "settings", Health.BAD, f"Others on this machine can read {key_file}.", f"Run: chmod 600 {key_file}"
            )
        free = shutil.disk_usage(settings.state_dir).free
        if free < _LEAST_FREE_BYTES:
            yield Finding("settings", Health.WARNING, f"Only {free // 2**20} MiB are free in {settings.state_dir}.", "Make room.")

    def _mail(self) -> Iterator[Finding]:
        if not self._post.ready:
            yield Finding("mail", Health.GOOD, "No mail server is named: links are sent by whoever makes them.")
            return
        try:
            self._post.look()
        except MailNotSent as error:
            yield Finding("mail", Health.BAD, f"No mail can be sent: {error.cause}.", "Correct VESTIBULE_SMTP_URL.")
        else:
            yield Finding("mail", Health.GOOD, "The mail server lets us in.")

    def _database(self) -> Iterator[Finding]:
        database = self._bench.database
        yield Finding("database", Health.GOOD, f"{database.engine.dialect.name} answers.")
        now, head = upgrade.current(database), upgrade.head()
        if now == head:
            yield Finding("database", Health.GOOD, f"Its tables are those of this version ({head}).")
        else:
            yield Finding("database", Health.BAD, f"Its tables are at {now}, this version needs {head}.", "Run: vestibule migrate")
        with database.reading() as connection:
            theirs = diagnosis.database_time(connection)
        if theirs is not None:
            yield _offset("database", "the database's clock", self._bench.clock.now(), theirs)

    def _keys(self) -> Iterator[Finding]:
        self._bench.keyring.secret("cookie_key")  # raises when the master key is another one
        counts = MasterKey(self._bench).count()
        total, previous = sum(count.total for count in counts), sum(count.previous for count in counts)
        if previous:
            yield Finding(
                "keys",
                Health.WARNING,
                f"{previous} of {total} sealed values are still under the previous master key.",
                "Run: vestibule master-key rewrap",
            )
        else:
            yield Finding("keys", Health.GOOD, f"All {total} sealed values are under the master key.")
        if self._bench.settings.previous_master_key_file and not previous:
            yield Finding(
                "keys", Health.WARNING, "The previous master key is not needed any more.", "Remove previous_master_key_file."
            )

    def _waiting_keys(self) -> Iterator[Finding]:
        """Announced keys that partners have had the time to learn of, and that wait for somebody to let them sign."""
        now = self._bench.clock.now()
        with self._bench.database.reading() as connection:
            policy = policy_of(connection)
            by_hand = [use for use in KeyUse if policy.every(use) is None]
            waiting = [row for use in by_hand for row in key_queries.announced(connection, use, now - policy.wait(use), 20)]
        for row in waiting:
            sentence = f"The announced key {row.id} ({row.use}) may sign, and waits for somebody to let it."
            remedy = f"Run: vestibule key promote {row.id}, or: vestibule key retire {row.id}"
            yield Finding("keys", Health.WARNING, sentence, remedy)

    def _staff(self) -> Iterator[Finding]:
        with self._bench.database.reading() as connection:
            owners = diagnosis.enabled_staff(connection, Role.OWNER.value)
        if owners:
            yield Finding("staff", Health.GOOD, f"{owners} owner(s) can administer the console.")
        else:
            remedy = "Run: vestibule init, and open the link that it prints."
            yield Finding("staff", Health.WARNING, "Nobody owns the console yet.", remedy)

    def _clock(self) -> Iterator[Finding]:
        with self._bench.database.reading() as connection:
            offsets = diagnosis.clock_offsets(connection, 200)
        if len(offsets) < 3:
            yield Finding("clock", Health.GOOD, "Too few identity providers have signed anybody in yet to compare clocks with.")
            return
        typical = timedelta(milliseconds=median(offsets))
        if abs(typical) > timedelta(seconds=20):
            yield Finding(
                "clock",
                Health.BAD,
                f"{len(offsets)} identity providers agree that our clock is {_words(typical)}.",
                "Synchronise this machine's clock (systemd-timesyncd, chrony).",
            )
        else:
            yield Finding("clock", Health.GOOD, f"The clocks of {len(offsets)} identity providers agree with ours.")

    def _certificates(self) -> Iterator[Finding]:
        now = self._bench.clock.now()
        with self._bench.database.reading() as connection:
            own = key_queries.expiring(connection, None, now + OWN_SOON, 20)
            soon = diagnosis.expiring_connectors(connection, now + SOON, 20)
        for row in own:
            left = row.not_after - now
            whose = "Our" if row.owner_kind == OwnerKind.HUB.value else f"The {row.owner_kind} {row.owner_id}'s own"
            sentence = f"{whose} {row.use} certificate ends in {left.days} days."
            health = Health.WARNING if left > timedelta(0) else Health.BAD
            yield Finding("certificates", health, sentence, "Announce the next key now: vestibule key announce. See docs/keys.md.")
        for connector in soon:
            left = connector.expires_at - now
            health = Health.BAD if left <= timedelta(0) else Health.WARNING
            yield Finding(
                "certificates",
                health,
                f"{connector.tenant_name}: the last certificate of {connector.name} ends in {left.days} days.",
                "Ask the customer's IT for new metadata; a set-up link lets them upload it.",
            )
        if not soon:
            yield Finding("certificates", Health.GOOD, f"No certificate ends within {SOON.days} days.")

    def _hosts(self) -> Iterator[Finding]:
        now = self._bench.clock.now()
        with self._bench.database.reading() as connection:
            found = hosts.troubled(connection, None, now + HOST_SOON, 20)
        for row in found:
            serious = row.state == HostState.ON or row.problem == "elsewhere"
            if row.failing_since is not None:
                sentence = f"{row.tenant_name}: {row.name} does not lead to this hub ({row.problem})."
                remedy = f"See docs/custom-domains.md, then run: vestibule host check {row.tenant_slug} {row.name}"
                yield Finding("hosts", Health.BAD if serious else Health.WARNING, sentence, remedy)
            else:
                days = (row.certificate_ends_at - now).days
                sentence = f"{row.tenant_name}: the TLS certificate of {row.name} ends in {days} days."
                yield Finding("hosts", Health.WARNING if days > 0 else Health.BAD, sentence, "Renew it at the proxy.")
        if not found:
            yield Finding("hosts", Health.GOOD, "Every host name of a tenant that is in use leads here.")

    def _public_address(self) -> Iterator[Finding]:
        settings = self._bench.settings
        host = urlsplit(settings.public_url).hostname or ""
        # Our own address may well be a private one; nothing else may.
        fetcher = GuardedFetcher(allowed_networks=(host,), production=settings.production)
        try:
            answer = fetcher.get(f"{settings.public_url}/version", headers={"X-Forwarded-For": _SPOOFED})
            seen = msgspec.json.decode(answer.body, type=_Seen)
        except (FetchError, msgspec.DecodeError) as error:
            cause = error.cause if isinstance(error, FetchError) else "the answer is not ours"
            yield Finding(
                "public address",
                Health.BAD,
                f"{settings.public_url} does not lead to this hub ({cause}).",
                "Start it with `vestibule run`; check the name, the proxy and its certificate.",
            )
            return
        if (seen.name, seen.version) != ("vestibule", __version__):
            yield Finding(
                "public address",
                Health.WARNING,
                f"{settings.public_url} answers as {seen.name or 'something else'} {seen.version}, this is {__version__}.",
                "Restart the running hub after an upgrade.",
            )
        else:
            yield Finding("public address", Health.GOOD, f"{settings.public_url} leads to this version of the hub.")
        yield self._proxies(seen, answer.headers)
        if (date := answer.headers.get("date")) and settings.trusted_proxies:
            yield _offset("public address", "the proxy's clock", self._bench.clock.now(), parsedate_to_datetime(date))

    def _proxies(self, seen: _Seen, headers: dict[str, str]) -> Finding:
        if seen.your_address == _SPOOFED:
            return Finding(
                "public address",
                Health.BAD,
                "The hub believes an address that the asker made up: anybody can pretend to come from anywhere.",
                "Lower VESTIBULE_TRUSTED_PROXIES to the number of proxies in front, 0 if there is none.",
            )
        if not self._bench.settings.trusted_proxies and "via" in headers:
            return Finding(
                "public address",
                Health.WARNING,
                "There is a proxy in front, and the hub takes its address for everybody's.",
                "Set VESTIBULE_TRUSTED_PROXIES to the number of proxies in front.",
            )
        return Finding("public address", Health.GOOD, "An invented client address is not believed.")


def _offset(topic: str, whose: str, ours: datetime, theirs: datetime) -> Finding:
    difference = ours - theirs
    if abs(difference) > timedelta(seconds=20):
        return Finding(topic, Health.WARNING, f"Compared with {whose}, ours is {_words(difference)}.", "Synchronise the clocks.")
    return Finding(topic, Health.GOOD, f"{whose[0].upper()}{whose[1:]} agrees with ours.")


def _words(ahead: timedelta) -> str:
    seconds = round(abs(ahead.total_seconds()))
    return f"{seconds} seconds {'fast' if ahead > timedelta(0) else 'slow'}"

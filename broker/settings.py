"""Process settings: read once from environment variables and an optional TOML file, validated, then frozen.

Precedence: environment `VESTIBULE_*` over the file named by `VESTIBULE_CONFIG` over the defaults below.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from broker.domain.email import normalise
from broker.domain.errors import InvalidSettings
from broker.net.mail import mail_server

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
_ORIGIN = re.compile(r"https?://(?:\[[0-9a-f:]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?/*")
_SECRET = re.compile(r"[A-Za-z0-9_-]{32,200}")
_RANGES = {
    "skew_seconds": (0, 300, "Clock skew must lie between 0 and 300 seconds."),
    "transaction_seconds": (60, 24 * 3600, "A login may take from one minute to one day."),
    "trace_days": (1, 3650, "Traces are kept from one day to ten years."),
    "max_traces_per_minute": (1, 1_000_000, "Between 1 and 1000000."),
    "api_requests_per_minute": (1, 100_000, "Between 1 and 100000."),
    "check_difficulty": (1000, 10_000_000, "Between 1000 and 10000000."),
    "trusted_proxies": (0, 10, "Between 0 and 10 reverse proxies."),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What one process needs to know before it reads the database. Seconds and days as named."""

    public_url: str = "http://localhost:8080"
    """Scheme, host and port under which browsers reach the hub; the Host header names tenants' hosts at most."""
    state_dir: str = "var"
    """Folder for the master key and the SQLite database."""
    database_url: str = ""
    """SQLAlchemy URL; empty means SQLite in the state directory."""
    master_key: str = field(default="", repr=False)
    """32 bytes, base64; encrypts private keys and upstream secrets at rest."""
    master_key_file: str = ""
    """Read when `master_key` is empty; default `<state_dir>/master.key`."""
    previous_master_key_file: str = ""
    """Only while `vestibule master-key rewrap` has not finished: the key that older values are still sealed under."""
    production: bool = False
    """Refuses http public URLs, http reply addresses (native loopback aside) and the demonstration."""
    trusted_proxies: int = 0
    """How many reverse proxies in front append to X-Forwarded-For; 0 believes none."""
    transaction_seconds: int = 3600
    """How long a login may take, from the application's request to the answer."""
    trace_days: int = 30
    """How long traces are kept."""
    max_traces_per_minute: int = 6000
    """Traces of requests from unknown applications beyond this rate (per worker) are not stored."""
    api_requests_per_minute: int = 600
    """Requests that each token of the management API may make in a minute."""
    skew_seconds: int = 90
    """Tolerated difference of clocks, 0 to 300, for connector types without a setting of their own; built-in ones have one."""
    allow_private_addresses: tuple[str, ...] = ()
    """Host names or CIDR networks that the hub may fetch from although they are private."""
    watch_providers: bool = True
    """Ask identity providers by the clock whether they answer and what they publish; off where the hub has no way out to them."""
    certificate_ask_secret: str = field(default="", repr=False)
    """At least 32 characters: a proxy that gets certificates by itself may ask `/hosts/ask/<this>?domain=…`; empty: nobody may."""
    dns_servers: tuple[str, ...] = ()
    """DNS servers that are asked for the TXT records which prove domains, like 9.9.9.9 or 127.0.0.1:5353; empty: the system's."""
    domain_proof_by_http: bool = True
    """Whether a file on a domain's web site proves it as a TXT record does; false: by DNS alone."""
    smtp_url: str = field(default="", repr=False)
    """Mail server for links to customers and staff, like smtp://user:password@mail.example:587 or smtps://…; empty: none."""
    mail_from: str = ""
    """Address that such mail comes from."""
    check_difficulty: int = 50_000
    """How much a browser calculates before a further try, after several: the largest of the numbers that it goes through."""
    no_check_against_guessing: bool = False
    """Danger: takes that calculation away, so that guessing costs nothing up to the limits, which stay."""
    log_level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR; logs are JSON lines on standard error."""

    @property
    def secure_context_only(self) -> bool:
        return self.public_url.startswith("https:")

    @property
    def is_loopback(self) -> bool:
        return urlsplit(self.public_url).hostname in _LOOPBACK


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Reads and validates. Raises InvalidSettings with the name of the setting."""
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    if path := environment.get("VESTIBULE_CONFIG"):
        values.update(_read_file(Path(path)))
    known = {item.name: item.type for item in fields(Settings)}
    for name in known:
        if (text := environment.get(f"VESTIBULE_{name.upper()}")) is not None:
            values[name] = text
    unknown = set(values) - set(known)
    if unknown:
        raise InvalidSettings(f"There is no setting {sorted(unknown)[0]!r}.", field=sorted(unknown)[0])
    return validate(Settings(**{name: _typed(name, str(known[name]), value) for name, value in values.items()}))


def validate(settings: Settings) -> Settings:
    """Applies defaults that depend on other settings, and refuses unsafe combinations."""
    # Strict, for addresses are made by appending to it, and partners compare them byte for byte.
    if not _ORIGIN.fullmatch(settings.public_url):
        raise InvalidSettings("Give scheme and host only, like https://sso.example.com", field="public_url")
    url = urlsplit(settings.public_url)
    if settings.production and url.scheme != "https":
        raise InvalidSettings("A production start needs an https public URL.", field="public_url")
    if url.scheme == "http" and url.hostname not in _LOOPBACK:
        raise InvalidSettings(
            "http works on this machine only (localhost); browsers drop our Secure cookies elsewhere.", field="public_url"
        )
    for name, (least, most, sentence) in _RANGES.items():
        if not least <= getattr(settings, name) <= most:
            raise InvalidSettings(sentence, field=name)
    if settings.certificate_ask_secret and not _SECRET.fullmatch(settings.certificate_ask_secret):
        raise InvalidSettings("Give 32 or more letters, digits, - or _ that nobody can guess.", field="certificate_ask_secret")
    for server in settings.dns_servers:
        if dns_server(server) is None:
            raise InvalidSettings("Give the address of a DNS server, like 9.9.9.9 or 127.0.0.1:5353.", field="dns_servers")
    if settings.smtp_url and mail_server(settings.smtp_url) is None:
        raise InvalidSettings("Give the mail server like smtp://user:password@mail.example.com:587.", field="smtp_url")
    if settings.smtp_url and normalise(settings.mail_from) is None:
        raise InvalidSettings("Give the address that mail comes from.", field="mail_from")
    state = Path(settings.state_dir).absolute()
    return _replace(
        settings,
        public_url=settings.public_url.rstrip("/"),
        state_dir=str(state),
        database_url=settings.database_url or f"sqlite:///{state / 'vestibule.sqlite'}",
        master_key_file=settings.master_key_file or str(state / "master.key"),
    )


def dns_server(text: str) -> tuple[str, int] | None:
    """(address, port) of `9.9.9.9`, `9.9.9.9:53`, `::1` or `[::1]:53`; None when it is none of these."""
    address, port = text, "53"
    if match := re.fullmatch(r"\[([0-9A-Fa-f:]+)\](?::([0-9]{1,5}))?|([0-9.]+):([0-9]{1,5})", text):
        address, port = match[1] or match[3], match[2] or match[4] or "53"
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return None
    return (address, int(port)) if 0 < int(port) < 65536 else None


def _replace(settings: Settings, **changes: Any) -> Settings:
    from dataclasses import replace

    return replace(settings, **changes)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InvalidSettings(f"The settings file {path} cannot be read.", field="VESTIBULE_CONFIG") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"The settings file {path} is not TOML: {error}", field="VESTIBULE_CONFIG") from error


def _typed(name: str, kind: str, value: Any) -> Any:
    if not isinstance(value, str):
        return _typed_of_file(name, kind, value)
    if kind == "bool":
        if value.lower() not in {"1", "0", "true", "false", "yes", "no", ""}:
            raise InvalidSettings("Say true or false.", field=name)
        return value.lower() in {"1", "true", "yes"}
    if kind == "int":
        try:
            return int(value)
        except ValueError as error:
            raise InvalidSettings("Give a whole number.", field=name) from error
    if kind.startswith("tuple"):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _typed_of_file(name: str, kind: str, value: Any) -> Any:
    """A value that TOML has typed already."""
    if kind.startswith("tuple") and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    if type(value).__name__ != kind:
        raise InvalidSettings("This value is of the wrong kind.", field=name)
    return value

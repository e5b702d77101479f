"""Operations over the management API: `vestibule --server https://sso.example.com …`.

A token never stands among the arguments, where every user of the machine could read it in the list of processes: it comes
from VESTIBULE_TOKEN, from the file that VESTIBULE_TOKEN_FILE names, or from ~/.config/vestibule/token.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
import requests

from broker import __version__
from broker.domain.errors import BrokerError, ConfigurationError, InvalidSettings, by_code
from broker.services.operations.model import Operation
from broker.services.operations.table import BY_NAME

TOKEN, TOKEN_FILE = "VESTIBULE_TOKEN", "VESTIBULE_TOKEN_FILE"
USUAL_FILE = Path(".config") / "vestibule" / "token"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_TIMEOUTS = (10, 300)
"""Seconds to connect, and to wait for an answer: the hub itself may be waiting for somebody's metadata."""
_IN_PATH = re.compile(r"\{(\w+)\}")


class RemoteCaller:
    """Raises InvalidSettings for an address over which a token must not travel."""

    def __init__(self, address: str, token: str) -> None:
        self._base = _checked(address)
        self._session = requests.Session()
        # Proxies, .netrc and certificate bundles of the environment are not believed: a token goes where the address says.
        self._session.trust_env = False
        self._session.headers.update(
            {
                "Authorization": f"Bearer {token}",
                "Accept": "application/json, application/problem+json",
                "User-Agent": f"vestibule/{__version__}",
            }
        )

    def call(self, name: str, input: Any) -> Any:
        operation = BY_NAME[name]
        values = msgspec.to_builtins(input)
        address = self._base + address_of(operation, values)
        rest = {key: value for key, value in values.items() if key not in in_path(operation)}
        reading = operation.method == "GET"
        try:
            answer = self._session.request(
                operation.method,
                address,
                params=query_of(rest) if reading else None,
                json=None if reading else rest,
                timeout=_TIMEOUTS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise ConfigurationError(
                f"The hub at {self._base} does not answer.", field="server", cause=type(error).__name__
            ) from error
        return _output(operation, answer)


def in_path(operation: Operation) -> tuple[str, ...]:
    """The fields of the input that its path names, in that order."""
    return tuple(_IN_PATH.findall(operation.path))


def address_of(operation: Operation, values: dict[str, Any]) -> str:
    return "/api/v1" + _IN_PATH.sub(lambda name: quote(str(values[name[1]]), safe=""), operation.path)


def query_of(values: dict[str, Any]) -> list[tuple[str, str]]:
    """Lists repeat; what is null is left out, which means the same."""
    return [
        (key, _word(one))
        for key, value in values.items()
        for one in (value if isinstance(value, list) else [value])
        if one is not None
    ]


def _word(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _output(operation: Operation, answer: requests.Response) -> Any:
    if not 200 <= answer.status_code < 300:
        raise _refusal(answer)
    try:
        return msgspec.json.decode(answer.content, type=operation.output)
    except msgspec.DecodeError as error:
        raise ConfigurationError(
            "The answer is not what a hub of this version says. Is this the address of a hub?", field="server", cause=str(error)
        ) from error


def _refusal(answer: requests.Response) -> BrokerError:
    """The error with which the hub refused: its class by code, so that commands treat it like one of this machine."""
    problem: Any = None
    with suppress(msgspec.DecodeError):
        problem = msgspec.json.decode(answer.content)
    if not isinstance(problem, dict) or not isinstance(problem.get("code"), str):
        return ConfigurationError(f"The server answered with status {answer.status_code}, not as a hub does.", field="server")
    kind = by_code(problem["code"])
    error = kind.__new__(kind)  # constructors differ, and all that they would say stands in the answer
    BrokerError.__init__(error)
    error.sentence = str(problem.get("detail") or kind.sentence)
    error.reference = problem.get("reference") or None
    if isinstance(error, ConfigurationError):
        error.field = str(problem.get("field") or "")
    return error


def _checked(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise InvalidSettings("Give the hub's address, like https://sso.example.com.", field="server")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise InvalidSettings("A token travels over https only (http to this machine is the exception).", field="server")
    return address.rstrip("/")


def read_token() -> str:
    """Raises InvalidSettings when there is none."""
    if token := os.environ.get(TOKEN, "").strip():
        return token
    named = os.environ.get(TOKEN_FILE, "")
    path = Path(named) if named else Path.home() / USUAL_FILE
    try:
        token = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(
            f"There is no token: set {TOKEN} or {TOKEN_FILE}, or put it into ~/{USUAL_FILE}.", field="token", cause=str(path)
        ) from error
    if not token or not token.isascii() or len(token.split()) != 1:
        raise InvalidSettings(f"The file {path} holds no token.", field="token")
    return token

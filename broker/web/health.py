"""For load balancers and people: is the process up, can it reach its database, which version is it?"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from flask import Blueprint, Response, jsonify, request

from broker import __version__


def blueprint(ready: Callable[[], bool]) -> Blueprint:
    """`ready` answers whether the database can be read and is at the right migration."""
    views = Blueprint("health", __name__)

    @views.get("/health/live")
    def live() -> Response:
        return jsonify(status="ok")

    @views.get("/health/ready")
    def is_ready() -> tuple[Response, int]:
        return (jsonify(status="ok"), 200) if ready() else (jsonify(status="unavailable"), 503)

    @views.get("/version")
    def version() -> Response:
        # `your_address`: whom the hub believes to be asking. `vestibule doctor` finds wrong proxy settings with it.
        return jsonify(name="vestibule", version=__version__, your_address=_address(request.remote_addr or ""))

    return views


def _address(text: str) -> str:
    """Behind a proxy that is believed this comes from a header: only an address is said again."""
    try:
        return str(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return ""

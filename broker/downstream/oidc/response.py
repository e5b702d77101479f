"""The authorization response: parameters to the reply address (RFC 6749 4.1.2, RFC 9207)."""

from __future__ import annotations

from urllib.parse import urlencode

from broker.domain.http import Outgoing, PostForm, Redirect
from broker.domain.request import AuthenticationRequest


def deliver(request: AuthenticationRequest, parameters: dict[str, str]) -> Outgoing:
    """To the address that was proved, with `state` echoed and the issuer named."""
    state = request.protocol_state
    if "state" in state:
        parameters["state"] = state["state"]
    parameters["iss"] = state["issuer"]  # RFC 9207: in every answer, errors included
    if state.get("response_mode") == "form_post":
        return PostForm(request.reply_address, tuple(parameters.items()))
    # The registered address goes out byte for byte, its own query included (RFC 6749 3.1.2).
    separator = "&" if "?" in request.reply_address else "?"
    return Redirect(f"{request.reply_address}{separator}{urlencode(parameters)}")

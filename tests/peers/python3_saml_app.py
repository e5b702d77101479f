"""An application built on python3-saml as its manual shows: /login, /acs, /metadata. What it learned it answers as JSON."""

from __future__ import annotations

import base64
import json
from typing import Any

from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from tests.support.saml_idp import key_pair

POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


class Python3SamlApp:
    """A WSGI app. `security` overrides its security settings; `read_idp` has to come before the first login."""

    def __init__(self, url: str, **security: Any) -> None:
        key = key_pair("python3-saml")
        self.url = url
        self.last_request_id = ""
        self.settings: dict[str, Any] = {
            "strict": True,
            "sp": {
                "entityId": f"{url}/metadata",
                "assertionConsumerService": {"url": f"{url}/acs", "binding": POST},
                "x509cert": key.certificate_pem,
                "privateKey": key.private_pem,
            },
            "security": {"wantAssertionsSigned": True, "rejectDeprecatedAlgorithm": True, **security},
        }

    def read_idp(self, metadata_url: str) -> None:
        parsed = OneLogin_Saml2_IdPMetadataParser.parse_remote(metadata_url, timeout=20)
        self.settings["idp"] = parsed["idp"]

    def metadata(self) -> bytes:
        settings = OneLogin_Saml2_Settings(self.settings, sp_validation_only=True)
        document = settings.get_sp_metadata()
        assert settings.validate_metadata(document) == []
        return document if isinstance(document, bytes) else document.encode()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        answer = self._login(request) if request.path == "/login" else self._acs(request)
        return answer(environ, start_response)

    def _auth(self, request: Request) -> OneLogin_Saml2_Auth:
        seen = {
            "https": "off",
            "http_host": request.host,
            "script_name": request.path,
            "get_data": request.args.to_dict(),
            "post_data": request.form.to_dict(),
        }
        return OneLogin_Saml2_Auth(seen, self.settings)

    def _login(self, request: Request) -> Any:
        auth = self._auth(request)
        address = auth.login(
            return_to=f"{self.url}/welcome",
            force_authn="force" in request.args,
            is_passive="passive" in request.args,
            name_id_value_req=request.args.get("subject"),
        )
        self.last_request_id = auth.get_last_request_id()
        return redirect(address)

    def _acs(self, request: Request) -> Response:
        auth = self._auth(request)
        auth.process_response(request_id=self.last_request_id)
        told = {
            "errors": auth.get_errors(),
            "reason": auth.get_last_error_reason(),
            "authenticated": auth.is_authenticated(),
            "attributes": auth.get_attributes(),
            "friendly": auth.get_friendlyname_attributes(),
            "name_id": auth.get_nameid(),
            "name_id_format": auth.get_nameid_format(),
            "session_index": auth.get_session_index(),
            "relay_state": request.form.get("RelayState"),
            "encrypted": b"EncryptedAssertion" in base64.b64decode(request.form["SAMLResponse"]),
        }
        return Response(json.dumps(told), content_type="application/json")

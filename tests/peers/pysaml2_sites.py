"""A service provider and an identity provider built on pysaml2's own client and server classes, with the xmlsec1 program."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from tests.support.saml_idp import key_pair

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its imports of old ciphers, on which no test looks
    from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, saml, samlp
    from saml2.client import Saml2Client
    from saml2.config import IdPConfig, SPConfig
    from saml2.response import StatusError
    from saml2.server import Server

PERSISTENT = saml.NAMEID_FORMAT_PERSISTENT
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
# Its own default is SHA-1.
SHA256 = {
    "signing_algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "digest_algorithm": "http://www.w3.org/2001/04/xmlenc#sha256",
}


def _common(url: str, folder: Path) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    key = key_pair("pysaml2")
    (folder / "site.key").write_text(key.private_pem)
    (folder / "site.crt").write_text(key.certificate_pem)
    files = {"key_file": str(folder / "site.key"), "cert_file": str(folder / "site.crt")}
    return {
        "entityid": f"{url}/metadata",
        "xmlsec_binary": shutil.which("xmlsec1"),
        **files,
        "encryption_keypairs": [files],
        "delete_tmpfiles": True,
    }


class Pysaml2App:
    """/login and /acs. `sp` overrides what its service provider wants; `read_idp` has to come before the first login."""

    def __init__(self, url: str, folder: Path, **sp: Any) -> None:
        self.url, self.folder, self.sp = url, folder, sp
        self.outstanding: dict[str, str] = {}

    def configuration(self, *metadata: str) -> SPConfig:
        return SPConfig().load(
            {
                **_common(self.url, self.folder),
                "service": {
                    "sp": {
                        "endpoints": {"assertion_consumer_service": [(f"{self.url}/acs", BINDING_HTTP_POST)]},
                        "want_assertions_signed": True,
                        "want_response_signed": False,
                        "allow_unsolicited": False,
                        **SHA256,
                        **self.sp,
                    }
                },
                "allow_unknown_attributes": True,
                "metadata": {"local": list(metadata)},
            }
        )

    def read_idp(self, document: bytes) -> None:
        file = self.folder / "hub.xml"
        file.write_bytes(document)
        self.client = Saml2Client(config=self.configuration(str(file)))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        answer = self._login(request) if request.path == "/login" else self._acs(request)
        return answer(environ, start_response)

    def _login(self, request: Request) -> Any:
        binding = BINDING_HTTP_POST if "post" in request.args else BINDING_HTTP_REDIRECT
        more = {"is_passive": "true"} if "passive" in request.args else {}
        request_id, _, sent = self.client.prepare_for_negotiated_authenticate(relay_state="there", binding=binding, **more)
        self.outstanding[request_id] = "/"
        return _http(sent)

    def _acs(self, request: Request) -> Response:
        try:
            found = self.client.parse_authn_request_response(request.form["SAMLResponse"], BINDING_HTTP_POST, self.outstanding)
        except StatusError as error:
            return _json({"status": type(error).__name__, "message": str(error)})
        name_id = found.get_subject()
        return _json(
            {
                "status": "Success",
                "attributes": found.get_identity(),
                "name_id": name_id.text,
                "name_id_format": name_id.format,
                "session_not_on_or_after": found.session_not_on_or_after,
                "relay_state": request.form.get("RelayState"),
            }
        )


class Pysaml2Idp:
    """/sso, where somebody is signed in already. `answer` overrides how a Response is signed and encrypted."""

    def __init__(self, url: str, folder: Path, **answer: Any) -> None:
        self.url, self.folder, self.answer = url, folder, answer
        self.cancels = False
        self.demands_signed_requests = False
        self.algorithms = SHA256

    def configuration(self, *metadata: str) -> IdPConfig:
        sso = [(f"{self.url}/sso", binding) for binding in (BINDING_HTTP_REDIRECT, BINDING_HTTP_POST)]
        return IdPConfig().load(
            {
                **_common(self.url, self.folder),
                "service": {
                    "idp": {
                        "endpoints": {"single_sign_on_service": sso},
                        "want_authn_requests_signed": self.demands_signed_requests,
                        **self.algorithms,
                        "policy": {"default": {"lifetime": {"minutes": 5}, "name_form": saml.NAME_FORMAT_URI}},
                    }
                },
                "metadata": {"local": list(metadata)},
            }
        )

    def read_sp(self, document: bytes) -> None:
        file = self.folder / "hub.xml"
        file.write_bytes(document)
        self.server = Server(config=self.configuration(str(file)))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self._sso(Request(environ))(environ, start_response)

    def _sso(self, request: Request) -> Any:
        posted = request.method == "POST"
        carried = request.form if posted else request.args
        asked = self.server.parse_authn_request(
            carried["SAMLRequest"],
            BINDING_HTTP_POST if posted else BINDING_HTTP_REDIRECT,
            relay_state=carried.get("RelayState"),
            sigalg=carried.get("SigAlg"),
            signature=carried.get("Signature"),
        )
        where = self.server.response_args(asked.message)
        response = self._refusal(where) if self.cancels else self._authentication(where)
        sent = self.server.apply_binding(
            BINDING_HTTP_POST, str(response), where["destination"], carried.get("RelayState", ""), response=True
        )
        return _http(sent)

    def _authentication(self, where: dict[str, Any]) -> Any:
        return self.server.create_authn_response(
            {"mail": ["ann@acme.example"], "givenName": ["Ann"], "sn": ["Archer"]},
            in_response_to=where["in_response_to"],
            destination=where["destination"],
            sp_entity_id=where["sp_entity_id"],
            name_id=saml.NameID(format=PERSISTENT, text="u-4711"),
            authn={"class_ref": PASSWORD, "authn_auth": self.url},
            **{"sign_response": True, "sign_assertion": True, **self.answer},
        )

    def _refusal(self, where: dict[str, Any]) -> Any:
        return self.server.create_error_response(
            where["in_response_to"], where["destination"], (samlp.STATUS_AUTHN_FAILED, "cancelled"), sign=True
        )


def metadata_of(site: Pysaml2App | Pysaml2Idp) -> bytes:
    """Its own description, by pysaml2's generator."""
    from saml2.metadata import entity_descriptor

    return str(entity_descriptor(site.configuration())).encode()


def _http(sent: dict[str, Any]) -> Any:
    location = dict(sent["headers"]).get("Location")
    return redirect(location) if location else Response(sent["data"], content_type="text/html")


def _json(content: dict[str, Any]) -> Response:
    return Response(json.dumps(content), content_type="application/json")

"""A world of the demonstration on free ports, with a stand-in for the hub that answers what its partners ask."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, jsonify
from werkzeug.serving import make_server

from broker.demo import oidc_app, saml_messages
from broker.demo.state import StateFiles
from broker.demo.world import Ports, World
from broker.domain.keys import KeyUse
from broker.protocols import jose
from broker.protocols.xmldsig import SigningHandle
from tests.support.clock import FixedClock
from tests.support.ports import free_port


class StandInHub:
    """Publishes SAML metadata and a discovery document; says whatever `claims` and `userinfo` hold."""

    def __init__(self, files: StateFiles, clock: FixedClock, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.clock = clock
        self.key = files.key("hub", KeyUse.SAML_SIGNING)
        self.speaker = saml_messages.Speaker(
            f"{self.url}/saml/metadata", SigningHandle.from_pem(self.key.private_pem, self.key.certificate_pem)
        )
        self.claims: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {"sub": "s1", "email": "alice@acme.example", "groups": ["a", "b"]}
        self.token_status = 200

    def usual_claims(self, nonce: str) -> dict[str, Any]:
        end = int(self.clock.now().timestamp()) + 300
        return {"iss": self.url, "sub": "s1", "aud": oidc_app.CLIENT_ID, "exp": end, "nonce": nonce, "tid": "ten_1"}

    def app(self) -> Flask:
        app = Flask("stand-in")

        @app.get("/saml/metadata")
        def metadata() -> Response:
            return Response(
                saml_messages.identity_provider_metadata(
                    self.speaker.entity_id, f"{self.url}/saml/sso", self.key.certificate_pem, "Hub"
                )
            )

        @app.get("/.well-known/openid-configuration")
        def discovery() -> Response:
            names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "userinfo_endpoint": "userinfo"}
            return jsonify({"issuer": self.url, "jwks_uri": f"{self.url}/jwks", **{k: f"{self.url}/{v}" for k, v in names.items()}})

        @app.get("/jwks")
        def jwks() -> Response:
            return Response(jose.public_key_set([self.key]))

        @app.post("/token")
        def token() -> tuple[Response, int]:
            id_token = jose.signer(self.key).sign(self.claims)
            return jsonify(access_token="at", token_type="Bearer", id_token=id_token), self.token_status

        @app.get("/userinfo")
        def userinfo() -> Response:
            return jsonify(self.userinfo)

        return app


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> StateFiles:
    return StateFiles(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def hub(files: StateFiles, clock: FixedClock) -> Iterator[StandInHub]:
    made = StandInHub(files, clock, free_port())
    server = make_server("127.0.0.1", int(made.url.rpartition(":")[2]), made.app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def world(hub: StandInHub) -> World:
    return World(hub.url, Ports())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"

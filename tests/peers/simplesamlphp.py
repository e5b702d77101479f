"""SimpleSAMLphp as Debian packages it, on PHP's own web server, with a configuration folder of its own."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import requests

from tests.support.ports import free_port
from tests.support.saml_idp import key_pair
from tests.support.servers import Program

WEB = "/usr/share/simplesamlphp/www"
PASSWORD = "annpass"

_CONFIG = """<?php
$config = [
    'baseurlpath' => '{url}/',
    'certdir' => '{folder}/cert/', 'loggingdir' => '{folder}/log/', 'datadir' => '{folder}/data/', 'tempdir' => '{folder}/tmp',
    'metadatadir' => '{folder}/metadata/', 'attributenamemapdir' => '/etc/simplesamlphp/attributemap/',
    'timezone' => 'UTC', 'secretsalt' => 'only for tests', 'auth.adminpassword' => 'only-for-tests',
    'technicalcontact_name' => 'Tests', 'technicalcontact_email' => 'tests@acme.example',
    'enable.saml20-idp' => true,
    'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
    'session.cookie.secure' => false, 'session.phpsession.savepath' => '{folder}/sessions', 'store.type' => 'phpsession',
    'language.cookie.secure' => false, 'language.default' => 'en', 'language.available' => ['en'],
    'logging.level' => SimpleSAML\\Logger::INFO, 'logging.handler' => 'file', 'logging.logfile' => 'simplesamlphp.log',
    'metadata.sources' => [['type' => 'flatfile']],
    'showerrors' => true, 'errorreporting' => false, 'production' => true,
];
"""
_AUTH_SOURCES = """<?php
$config = [
    'people' => [
        'exampleauth:UserPass',
        'ann:annpass' => [
            'uid' => ['u-4711'], 'mail' => ['ann@acme.example'], 'givenName' => ['Ann'], 'sn' => ['Archer'],
            'displayName' => ['Ann Archer'],
        ],
    ],
];
"""
_IDP = """<?php
$metadata['{url}/idp'] = [
    'host' => '__DEFAULT__', 'privatekey' => 'idp.key', 'certificate' => 'idp.crt', 'auth' => 'people',
    'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri',
    'authproc' => [
        1 => ['class' => 'saml:PersistentNameID', 'attribute' => 'uid'],  // used when a persistent one is asked for
        90 => ['class' => 'core:AttributeMap', 'name2oid'],
    ],
];
"""
# The hub's own metadata, read by SimpleSAMLphp's own parser; then what its administrator would set for this partner.
_SP = """<?php
$partner = \\SimpleSAML\\Metadata\\SAMLParser::parseFile('{folder}/hub.xml')->getMetadata20SP();
unset($partner['entityDescriptor'], $partner['expire']);
$metadata[$partner['entityid']] = array_merge($partner, json_decode('{options}', true));
"""

class SimpleSamlPhp:
    """`with SimpleSamlPhp(folder) as idp:`, then exchange metadata: `idp.metadata()`, `idp.trust(…)`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._stack = ExitStack()

    def __enter__(self) -> SimpleSamlPhp:
        for name in ("cert", "log", "data", "tmp", "metadata", "sessions"):
            (self.folder / name).mkdir(parents=True)
        key = key_pair("simplesamlphp")
        self._write("cert/idp.key", key.private_pem)
        self._write("cert/idp.crt", key.certificate_pem)
        self._write("config.php", _CONFIG)
        self._write("authsources.php", _AUTH_SOURCES)
        self._write("metadata/saml20-idp-hosted.php", _IDP)
        # Without its cache of compiled files PHP sees a changed trust at once, not within two seconds.
        command = ["php", "-d", "opcache.enable=0", "-S", f"127.0.0.1:{self.port}", "-t", WEB]
        environment = {"SIMPLESAMLPHP_CONFIG_DIR": str(self.folder)}
        program = Program(command, port=self.port, log=self.folder / "output", environment=environment)
        self._stack.enter_context(program)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def metadata(self) -> bytes:
        answer = requests.get(f"{self.url}/saml2/idp/metadata.php", timeout=20)
        assert answer.status_code == 200, answer.text[:2000] + self.log()
        return answer.content

    def trust(self, metadata_url: str, **options: Any) -> None:
        """Makes the hub's connector known, with options of saml20-sp-remote.php on top."""
        (self.folder / "hub.xml").write_bytes(requests.get(metadata_url, timeout=20).content)
        self._write("metadata/saml20-sp-remote.php", _SP, options=json.dumps(options))

    def log(self) -> str:
        file = self.folder / "log" / "simplesamlphp.log"
        return file.read_text("utf-8", "replace") if file.exists() else ""

    def _write(self, name: str, content: str, **values: str) -> None:
        for placeholder, value in {"url": self.url, "folder": str(self.folder), **values}.items():
            content = content.replace("{" + placeholder + "}", value)
        (self.folder / name).write_text(content)

"""Lines to paste: what the developer of an application types into a common library to trust this hub. Pure text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Snippet:
    """`language` names the syntax, for faces that colour it."""

    title: str
    language: str
    text: str


_FLASK = """\
from authlib.integrations.flask_client import OAuth

oauth = OAuth(app)
oauth.register(
    "vestibule",
    client_id="{client_id}",
    client_secret={secret_in_python},
    server_metadata_url="{issuer}/.well-known/openid-configuration",
    client_kwargs={{"scope": "{scope}", "code_challenge_method": "S256"}},
)
"""

_NODE = """\
import * as client from 'openid-client'

const config = await client.discovery(new URL('{issuer}'), '{client_id}'{secret_in_node})
"""

_SPRING = """\
spring:
  security:
    oauth2:
      client:
        registration:
          vestibule:
            client-id: {client_id}
{secret_in_spring}            scope: {scope_list}
            redirect-uri: "{redirect_uri}"
        provider:
          vestibule:
            issuer-uri: {issuer}
"""

_APACHE_OIDC = """\
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret "exec:/bin/cat /etc/apache2/vestibule.secret"
OIDCRedirectURI {redirect_uri}
OIDCScope "{scope}"
OIDCPKCEMethod S256
OIDCCryptoPassphrase "exec:/bin/cat /etc/apache2/passphrase"
"""

_ASP_NET = """\
builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
    .AddCookie()
    .AddOpenIdConnect(options =>
    {{
        options.Authority = "{issuer}";
        options.ClientId = "{client_id}";
{secret_in_asp_net}        options.ResponseType = "code";
        options.UsePkce = true;
        options.MapInboundClaims = false;
    }});
"""


def oidc(*, issuer: str, client_id: str, redirect_uri: str, scopes: tuple[str, ...], public: bool) -> tuple[Snippet, ...]:
    """For common OpenID Connect clients. The secret comes from where the application keeps secrets, never from its code."""
    words = {
        "issuer": issuer,
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(scopes),
        "scope_list": ", ".join(scopes),
        "secret_in_python": "None" if public else 'os.environ["VESTIBULE_CLIENT_SECRET"]',
        "secret_in_node": ", undefined, client.None()" if public else ", process.env.VESTIBULE_CLIENT_SECRET",
        "secret_in_spring": "            client-authentication-method: none\n"
        if public
        else "            client-secret: ${VESTIBULE_CLIENT_SECRET}\n",
        "secret_in_asp_net": "" if public else '        options.ClientSecret = builder.Configuration["Vestibule:ClientSecret"];\n',
    }
    made = [
        Snippet("Flask with Authlib", "python", _FLASK.format_map(words)),
        Snippet("Node.js with openid-client", "javascript", _NODE.format_map(words)),
        Snippet("Spring Boot", "yaml", _SPRING.format_map(words)),
        Snippet("ASP.NET Core", "csharp", _ASP_NET.format_map(words)),
    ]
    if not public:
        made.append(Snippet("Apache with mod_auth_openidc", "apache", _APACHE_OIDC.format_map(words)))
    return tuple(made)


_MELLON = """\
# curl -o /etc/apache2/vestibule.xml {base}/saml/metadata
MellonEnable "auth"
MellonIdPMetadataFile /etc/apache2/vestibule.xml
MellonSPentityId {entity_id}
MellonEndpointPath /mellon
"""

_PYTHON3_SAML = """\
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser

settings = OneLogin_Saml2_IdPMetadataParser.parse_remote("{base}/saml/metadata")
settings["sp"] = {{
    "entityId": "{entity_id}",
    "assertionConsumerService": {{"url": "{acs}"}},
}}
settings["security"] = {{"wantAssertionsSigned": True, "rejectDeprecatedAlgorithm": True}}
"""

_SIMPLESAMLPHP = """\
// config/authsources.php; first import {base}/saml/metadata into metadata/saml20-idp-remote.php
'default-sp' => [
    'saml:SP',
    'entityID' => '{entity_id}',
    'idp' => '{base}/saml/metadata',
],
"""

_SPRING_SAML = """\
spring:
  security:
    saml2:
      relyingparty:
        registration:
          vestibule:
            entity-id: {entity_id}
            acs:
              location: "{acs}"
            assertingparty:
              metadata-uri: {base}/saml/metadata
"""


def saml(*, base: str, entity_id: str, acs: str) -> tuple[Snippet, ...]:
    """For common SAML service providers."""
    words = {"base": base, "entity_id": entity_id, "acs": acs}
    return (
        Snippet("Apache with mod_auth_mellon", "apache", _MELLON.format_map(words)),
        Snippet("Python with python3-saml", "python", _PYTHON3_SAML.format_map(words)),
        Snippet("SimpleSAMLphp", "php", _SIMPLESAMLPHP.format_map(words)),
        Snippet("Spring Boot", "yaml", _SPRING_SAML.format_map(words)),
    )

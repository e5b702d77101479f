"""Requests of SAML applications as their own libraries make them: by both bindings, signed or not, with any deviation.

Independent of the hub's builders: cryptography, lxml and xmlsec only.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable
from urllib.parse import quote

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree
from werkzeug.test import TestResponse

from tests.support.hub import PUBLIC_URL, Browser
from tests.support.partners import SamlApp
from tests.support.saml_idp import SAML, SAMLP, KeyPair, sign

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
RSA_SHA256 = f"{MORE}rsa-sha256"
ECDSA_SHA256 = f"{MORE}ecdsa-sha256"
RSA_SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
_HASHES: dict[str, hashes.HashAlgorithm] = {
    RSA_SHA256: hashes.SHA256(),
    f"{MORE}rsa-sha512": hashes.SHA512(),
    ECDSA_SHA256: hashes.SHA256(),
    RSA_SHA1: hashes.SHA1(),
}


def address(tenant: str | None = None) -> str:
    return f"{PUBLIC_URL}{'' if tenant is None else f'/t/{tenant}'}/saml/sso"


def deflated(root: etree._Element) -> str:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(deflater.compress(etree.tostring(root)) + deflater.flush()).decode()


def quoted(text: str) -> str:
    return quote(text, safe="")


def quoted_in_lower_case(text: str) -> str:
    """As .NET writes it."""
    return re.sub(r"%[0-9A-F]{2}", lambda found: found.group().lower(), quoted(text))


def signed_url(
    root: etree._Element,
    key: KeyPair,
    *,
    relay_state: str | None = "app-state",
    algorithm: str = RSA_SHA256,
    tenant: str | None = None,
    quoting: Callable[[str], str] = quoted,
) -> str:
    """HTTP-Redirect with a signature over the query (SAML Bindings 3.4.4.1)."""
    query = f"SAMLRequest={quoting(deflated(root))}"
    if relay_state is not None:
        query += f"&RelayState={quoting(relay_state)}"
    query += f"&SigAlg={quoting(algorithm)}"
    private = serialization.load_pem_private_key(key.private_pem.encode(), None)
    if isinstance(private, rsa.RSAPrivateKey):
        signature = private.sign(query.encode(), padding.PKCS1v15(), _HASHES[algorithm])
    else:
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        # XML Signature 1.1, 6.4.3: r and s side by side.
        r, s = decode_dss_signature(private.sign(query.encode(), ec.ECDSA(_HASHES[algorithm])))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return f"{address(tenant)}?{query}&Signature={quoting(base64.b64encode(signature).decode())}"


def by_post(
    browser: Browser, root: etree._Element, *, relay_state: str | None = "app-state", tenant: str | None = None
) -> TestResponse:
    """HTTP-POST binding."""
    fields = {"SAMLRequest": base64.b64encode(etree.tostring(root)).decode()}
    if relay_state is not None:
        fields["RelayState"] = relay_state
    return browser.post(address(tenant), fields)


def signed(root: etree._Element, key: KeyPair, method: str = "RsaSha256", digest: str = "Sha256") -> etree._Element:
    """With an enveloped signature."""
    sign(root, key, method, digest)
    return root


def asking_for(app: SamlApp, name_id_format: str | None = None, **policy: str) -> etree._Element:
    """An AuthnRequest with a NameIDPolicy."""
    root = app.request()
    attributes = policy if name_id_format is None else {"Format": name_id_format, **policy}
    etree.SubElement(root, f"{{{SAMLP}}}NameIDPolicy", attributes)
    return root


def naming(app: SamlApp, person: str) -> etree._Element:
    """An AuthnRequest whose Subject says who is meant."""
    root = app.request()
    subject = etree.SubElement(root, f"{{{SAML}}}Subject")
    etree.SubElement(subject, f"{{{SAML}}}NameID").text = person
    return root


def scoped_to(app: SamlApp, *providers: str) -> etree._Element:
    """An AuthnRequest with Scoping/IDPList."""
    root = app.request()
    listed = etree.SubElement(etree.SubElement(root, f"{{{SAMLP}}}Scoping"), f"{{{SAMLP}}}IDPList")
    for provider in providers:
        etree.SubElement(listed, f"{{{SAMLP}}}IDPEntry", {"ProviderID": provider})
    return root

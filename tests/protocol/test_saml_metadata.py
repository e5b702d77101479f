"""What SAML applications import: our metadata, common and per tenant."""

from __future__ import annotations

import pytest
import xmlsec
from lxml import etree
from saml2.mdstore import InMemoryMetaData

from broker.domain.keys import KeyUse
from broker.services.tenants import SaveTenant
from tests.support.hub import ME, PUBLIC_URL, Hub
from tests.support.saml_idp import DS

MD = "urn:oasis:names:tc:SAML:2.0:metadata"
BINDINGS = {f"urn:oasis:names:tc:SAML:2.0:bindings:{name}" for name in ("HTTP-Redirect", "HTTP-POST")}
BASES = [("", PUBLIC_URL), ("/t/acme", f"{PUBLIC_URL}/t/acme")]


@pytest.mark.parametrize(("prefix", "base"), BASES, ids=["common", "tenant"])
def test_it_names_itself_by_its_address_and_one_sign_on_address_of_both_bindings(hub: Hub, prefix: str, base: str) -> None:
    hub.tenant("acme")

    answer = hub.browser().open(f"{prefix}/saml/metadata")

    root = etree.fromstring(answer.get_data())
    assert answer.mimetype == "application/samlmetadata+xml"
    assert root.get("entityID") == f"{base}/saml/metadata"
    services = root.findall(f"{{{MD}}}IDPSSODescriptor/{{{MD}}}SingleSignOnService")
    assert {service.get("Binding") for service in services} == BINDINGS
    assert {service.get("Location") for service in services} == {f"{base}/saml/sso"}
    formats = {str(each.text).rpartition(":")[2] for each in root.iter(f"{{{MD}}}NameIDFormat")}
    assert {"persistent", "transient", "emailAddress"} <= formats


@pytest.mark.parametrize("prefix", ["", "/t/acme"])
def test_it_is_signed_by_a_key_that_it_lists(hub: Hub, prefix: str) -> None:
    hub.tenant("acme")
    root = etree.fromstring(hub.browser().open(f"{prefix}/saml/metadata").get_data())

    certificate = hub.built.keyring.active(KeyUse.SAML_SIGNING).certificate_pem
    listed = ["".join(str(each.text).split()) for each in root.iter(f"{{{DS}}}X509Certificate")]
    assert "".join(certificate.split("-----")[2].split()) in listed
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(certificate, xmlsec.constants.KeyDataFormatCertPem)
    context.verify(root.find(f"{{{DS}}}Signature"))


@pytest.mark.parametrize("prefix", ["", "/t/acme"])
def test_a_stock_library_reads_it(hub: Hub, prefix: str) -> None:
    hub.tenant("acme")
    document = hub.browser().open(f"{prefix}/saml/metadata").get_data(as_text=True)

    store = InMemoryMetaData(None, document)
    store.parse(document)

    (entity_id,) = store.keys()
    for binding in BINDINGS:
        assert store.service(entity_id, "idpsso_descriptor", "single_sign_on_service", binding)
    assert store.certs(entity_id, "idpsso", "signing")


def test_an_unknown_or_disabled_tenant_has_none(hub: Hub) -> None:
    hub.tenant("acme")
    hub.built.tenants.save(ME, SaveTenant("acme", "Acme", enabled=False))

    for slug in ("acme", "nobody"):
        assert hub.browser().open(f"/t/{slug}/saml/metadata").status_code == 404


def test_it_may_be_kept_for_minutes_and_holds_no_private_key(hub: Hub) -> None:
    answer = hub.browser().open("/saml/metadata")

    assert "max-age=300" in answer.headers["Cache-Control"]
    assert "PRIVATE" not in answer.get_data(as_text=True)

"""NameID and NameIDPolicy (SAML Core 3.4.1.1, 8.3): each format, what is asked, what cannot be given."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from tests.protocol import saml
from tests.support.hub import PUBLIC_URL, Browser, Hub
from tests.support.partners import Learned, SamlApp, SamlSide
from tests.support.saml_idp import SAML

V2, V1 = "urn:oasis:names:tc:SAML:2.0:nameid-format:", "urn:oasis:names:tc:SAML:1.1:nameid-format:"
PERSISTENT, TRANSIENT, EMAIL, UNSPECIFIED = f"{V2}persistent", f"{V2}transient", f"{V1}emailAddress", f"{V1}unspecified"
SHORT = {"persistent": PERSISTENT, "transient": TRANSIENT, "emailAddress": EMAIL, "unspecified": UNSPECIFIED}


@pytest.fixture
def idp(hub: Hub) -> SamlSide:
    hub.tenant("acme", "acme.example")
    return hub.saml_idp("acme")


def app_with(hub: Hub, slug: str = "wiki", **settings: Any) -> SamlApp:
    return hub.saml_app(slug, settings=settings)


def ask(browser: Browser, app: SamlApp, idp: SamlSide, root: etree._Element, **person: Any) -> Learned:
    """Signs the person in where that is asked for; the answer either way."""
    response = browser.open(app.login_url(root=root))
    return app.learn(idp.authenticate(browser, response, **person) if response.status_code == 302 else response)


def name_id(learned: Learned) -> etree._Element:
    (found,) = learned.raw.iter(f"{{{SAML}}}NameID")
    return found


@pytest.mark.parametrize("wanted", SHORT)
@pytest.mark.parametrize("asked", [None, "in the policy", "unspecified"])
def test_each_format_by_registration_or_by_request(hub: Hub, idp: SamlSide, wanted: str, asked: str | None) -> None:
    """Unspecified leaves the choice to us, so the registered one is given."""
    registered = "persistent" if asked == "in the policy" else wanted
    app = app_with(hub, name_id_format=registered)
    policy = {"in the policy": SHORT[wanted], "unspecified": UNSPECIFIED}.get(asked or "")
    root = app.request() if asked is None else saml.asking_for(app, policy)
    expected = SHORT["persistent" if asked == "in the policy" and wanted == "unspecified" else wanted]

    given = name_id(ask(hub.browser(), app, idp, root))

    assert given.get("Format") == expected
    assert (given.text == "ann@acme.example") == (expected == EMAIL)


def test_persistent_is_pairwise_stable_and_qualified(hub: Hub, idp: SamlSide) -> None:
    first, second = app_with(hub), app_with(hub, "mail")
    browser = hub.browser()

    at_first = name_id(ask(browser, first, idp, first.request()))
    again = name_id(ask(hub.browser(), first, idp, first.request()))
    at_second = name_id(ask(browser, second, idp, second.request()))

    assert at_first.text == again.text
    assert at_first.text != at_second.text
    assert at_first.get("NameQualifier") == f"{PUBLIC_URL}/saml/metadata"
    assert at_first.get("SPNameQualifier") == first.entity_id
    assert "ann" not in str(at_first.text)
    assert len(str(at_first.text)) <= 256, "Core 8.3.7"


def test_transient_is_another_one_every_time(hub: Hub, idp: SamlSide) -> None:
    app, browser = app_with(hub, name_id_format="transient"), hub.browser()

    values = {name_id(ask(browser, app, idp, app.request())).text for _ in range(3)}

    assert len(values) == 3


def test_public_subjects_are_the_same_everywhere_when_the_operator_says_so(hub: Hub, idp: SamlSide) -> None:
    apps = [hub.saml_app(slug, subject_kind="public") for slug in ("wiki", "mail")]
    browser = hub.browser()

    values = {name_id(ask(browser, app, idp, app.request())).text for app in apps}

    assert len(values) == 1


REFUSED = [
    ("an unknown format", {"Format": f"{V2}entity"}),
    ("Kerberos", {"Format": f"{V2}kerberos"}),
    ("encrypted", {"Format": f"{V2}encrypted"}),
    ("X509SubjectName", {"Format": f"{V1}X509SubjectName"}),
    ("nonsense", {"Format": "nonsense"}),
    ("another application's qualifier", {"Format": PERSISTENT, "SPNameQualifier": "https://other.example/metadata"}),
]


@pytest.mark.parametrize("policy", [row[1] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_cannot_be_given_is_invalid_name_id_policy(hub: Hub, idp: SamlSide, policy: dict[str, str]) -> None:
    app = app_with(hub)

    learned = ask(hub.browser(), app, idp, saml.asking_for(app, **policy))

    assert learned.status == "InvalidNameIDPolicy"
    assert learned.raw.find(f"{{{SAML}}}Assertion") is None
    assert hub.count("sessions") == 0, "said before anybody has to sign in"


@pytest.mark.parametrize("policy", [{"SPNameQualifier": "https://wiki.example/metadata"}, {"SPNameQualifier": ""}, {"AllowCreate": "true"}, {"AllowCreate": "0"}, {}])
def test_harmless_wishes_are_accepted(hub: Hub, idp: SamlSide, policy: dict[str, str]) -> None:
    app = app_with(hub)

    assert ask(hub.browser(), app, idp, saml.asking_for(app, **policy)).status == "success"


def test_no_email_address_to_give_is_invalid_name_id_policy_too(hub: Hub, idp: SamlSide) -> None:
    """Nothing is released to this application, so there is no address to put into the NameID."""
    app = hub.saml_app(release=())

    assert ask(hub.browser(), app, idp, saml.asking_for(app, EMAIL)).status == "InvalidNameIDPolicy"


@pytest.mark.parametrize("asked", [TRANSIENT, f"{V2}kerberos", "nonsense"])
def test_a_forced_format_is_given_whatever_is_asked(hub: Hub, idp: SamlSide, asked: str) -> None:
    app = app_with(hub, name_id_format="emailAddress", force_name_id_format=True)

    assert name_id(ask(hub.browser(), app, idp, saml.asking_for(app, asked))).get("Format") == EMAIL

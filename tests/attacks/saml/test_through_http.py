"""The corpus of forged Responses through the whole hub, over HTTP: no identity, no session, a page with a reference code,
the reason on the trace, the honest person not locked out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from broker.domain.keys import KeyState, KeyUse, SigningKey
from tests.attacks.saml.corpus import ATTACKS
from tests.attacks.saml.signature_corpus import EVIL, Attack
from tests.support.hub import Hub
from tests.support.partners import SamlApp, SamlSide
from tests.support.saml_idp import KeyPair, key_pair


class Stage:
    """A tenant whose identity provider is `idp`; a retired encryption key of ours is the one that the corpus knows."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        hub.tenant("acme", "acme.example")
        self._publish(key_pair("hub-encryption"))
        self.idp: SamlSide = hub.saml_idp("acme", entity_id="https://idp.acme.example/saml", settings={"accept_unsigned_cbc": False})
        self.app: SamlApp = hub.saml_app()

    def _publish(self, pair: KeyPair) -> None:
        key = SigningKey(
            "key_corpus", KeyUse.SAML_ENCRYPTION, "RS256", KeyState.RETIRING, pair.certificate_pem, self.hub.clock.now(), pair.private_pem
        )
        self.hub.built.keyring.store(key)
        self.hub.built.keyring.forget()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One hub for the whole corpus: attacks must not spoil the logins of others either."""
    with Hub(tmp_path_factory.mktemp("corpus")) as hub:
        yield Stage(hub)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_a_forged_response_yields_nobody_and_locks_nobody_out(stage: Stage, attack: Attack) -> None:
    hub, browser = stage.hub, stage.hub.browser()
    people, sessions = hub.count("identities"), hub.count("sessions")
    waiting = browser.open(stage.app.login_url(relay_state="s"))
    answer, relay_state = stage.idp.answer_for(waiting, name_id="u-4711")

    refused = stage.idp.deliver(browser, attack.forge(stage.idp.idp, answer), relay_state)

    page = refused.get_data(as_text=True)
    assert 400 <= refused.status_code < 500, page
    assert "SAMLResponse" not in page
    assert EVIL not in page
    assert (hub.count("identities"), hub.count("sessions")) == (people, sessions)
    view = hub.trace(refused)
    assert [event.name for event in view.events if event.passed is False] == [attack.check]

    honest = stage.idp.deliver(browser, attack.neighbour(stage.idp.idp, answer), relay_state)
    assert stage.app.learn(honest).status == "success"

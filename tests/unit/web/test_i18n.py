"""Two languages: which one, and that none of the sentences is missing."""

from __future__ import annotations

import ast
import re
import sys

import pytest
from flask.testing import FlaskClient
from markupsafe import Markup

from broker.domain.messages import as_it_is, filled, packed, unpacked
from broker.web import i18n
from tests.support import reasons
from tests.support.messages import filled_in_elsewhere, message_ids

_HOLES = re.compile(r"%\(\w+\)s")


def test_given_every_sentence_that_pages_show_then_french_has_it() -> None:
    french = i18n.catalogue("fr")
    missing = sorted(message for message in message_ids() if message not in french)
    assert missing == []


def test_given_every_reason_that_a_trace_keeps_then_french_has_it() -> None:
    french = i18n.catalogue("fr")
    assert len(reasons.message_ids()) > 300
    assert sorted(reasons.message_ids() - french.keys()) == []


def test_given_a_reason_with_values_in_it_then_it_was_filled_in_with_its_message_id() -> None:
    made = [(where, ast.unparse(said)) for where, said in reasons.reasons() if isinstance(said, ast.JoinedStr | ast.BinOp)]
    assert [(where, said) for where, said in made if " " in said] == [], "addresses alone are put together by hand"


def test_given_what_other_layers_say_on_the_set_up_page_then_french_recognises_it() -> None:
    french = i18n.catalogue("fr")
    unknown = {text for text in filled_in_elsewhere() if text not in french and i18n.translated("fr", text) == text}
    assert unknown - NEVER_ON_PAGES == set()


NEVER_ON_PAGES = {
    "There is no connector type 7. Known: 7.",
    "Two connector types are called 7.",
}
"""Said at the command line and in declarative files, which are English."""


def test_given_a_date_inside_a_sentence_then_its_month_is_translated_too() -> None:
    said = i18n.translated("fr", "The metadata expires soon, on 21 March 2027.")
    assert said == "Les métadonnées expirent bientôt, le 21 mars 2027."


def test_given_a_translation_then_it_has_the_same_holes() -> None:
    for message, sentence in i18n.catalogue("fr").items():
        assert sorted(_HOLES.findall(message)) == sorted(_HOLES.findall(sentence)), message
        assert sentence.strip(), message


@pytest.mark.parametrize(
    ("asked", "cookie", "ui_locales", "accept", "expected"),
    [
        (None, None, None, None, "en"),
        (None, None, None, "fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        (None, None, None, "de,nl;q=0.5", "en"),
        (None, None, "de fr-CA en", "en", "fr"),
        (None, "en", "fr", "fr", "en"),
        ("fr", "en", "en", "en", "fr"),
        ("xx", None, None, "fr", "fr"),
        (None, "xx", None, None, "en"),
        (None, None, "\x00 %%", "\x00;;q=z", "en"),
    ],
)
def test_given_wishes_when_choosing_then_the_nearest_wins(
    asked: str | None, cookie: str | None, ui_locales: str | None, accept: str | None, expected: str
) -> None:
    assert i18n.choose_language(asked=asked, cookie=cookie, ui_locales=ui_locales, accept_language=accept) == expected


def test_given_values_with_markup_when_translated_then_escaped_unless_markup_already() -> None:
    translate = i18n.translator("fr")
    assert translate("Open %(title)s", title="<b>") == "Ouvrir &lt;b&gt;"
    assert translate("Open %(title)s", title=Markup("<b>x</b>")) == "Ouvrir <b>x</b>"
    assert translate("100 % <unknown>") == "100 % &lt;unknown&gt;"


def test_given_a_sentence_that_was_filled_in_before_then_it_is_recognised() -> None:
    assert i18n.translated("fr", "Open Ledger") == "Ouvrir Ledger"
    assert i18n.translated("fr", "Opened Ledger") == "Opened Ledger"


def test_given_a_sentence_that_knows_its_message_id_then_it_is_said_in_every_language_and_its_values_stay() -> None:
    said = filled("userinfo endpoint: %(cause)s", cause=filled("host name %(host)s has no address", host="'as ours'"))
    assert said == "userinfo endpoint: host name 'as ours' has no address"
    assert i18n.translated("fr", said) == "adresse userinfo : le nom d’hôte 'as ours' n’a pas d’adresse"
    assert i18n.translated("en", said) == said
    assert i18n.translated("fr", unpacked(str(said), packed(said))) == i18n.translated("fr", said)
    assert i18n.translated("fr", filled("expected %(address)s", address="as ours")) == "adresse attendue : as ours"


def test_given_text_that_was_kept_as_it_is_then_no_sentence_is_guessed_from_it() -> None:
    assert i18n.translated("fr", as_it_is("Open Ledger")) == "Open Ledger"
    assert i18n.translated("fr", as_it_is("contains NUL")) == "contient NUL"
    assert i18n.translated("fr", "status 500") == "status 500"


@pytest.mark.parametrize("hostile", ["%(what)s is missing", "%(count)s keys of the provider", "%s", "100 %", "%(", "%(a)d"])
def test_given_a_partner_that_sends_text_with_holes_then_it_is_shown_and_nothing_breaks(hostile: str) -> None:
    """It stands on the trace as what was received, and alone or in a hole of ours on the page that support reads."""
    assert "%" in i18n.translator("fr")(as_it_is(hostile))
    assert hostile in i18n.translator("fr")(filled("expected %(address)s", address=hostile))


def test_given_the_language_link_when_followed_then_the_browser_keeps_the_language(client: FlaskClient) -> None:
    assert 'href="?lang=fr"' in client.get("/step/page").text
    switched = client.get("/step/page?lang=fr")
    assert "Vous êtes déconnecté" in switched.text
    assert "__Host-language=fr" in switched.headers["Set-Cookie"]
    assert "Vous êtes déconnecté" in client.get("/step/page").text


def test_given_protocol_parameters_in_the_address_then_no_language_link(client: FlaskClient) -> None:
    assert "?lang" not in client.get("/step/page?SAMLRequest=abc").text


@pytest.mark.parametrize("name", ["asked", "cookie", "ui_locales"])
def test_given_a_huge_choice_of_language_then_no_worker_keeps_it(name: str) -> None:
    huge = f"{name} " * 100_000
    held = sys.getrefcount(huge)
    assert i18n.choose_language(**{name: huge}) == "en"
    assert sys.getrefcount(huge) == held

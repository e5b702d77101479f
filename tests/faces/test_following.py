"""Following a SAML provider's metadata by the clock: rollover without an outage, and nothing bad is ever taken over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from broker.services.audit import Wanted
from broker.services.following import Following
from broker.services.operations.health import ListExpiring
from tests.support.followed import NEW, OLD, STRANGER, WHERE, Followed, acme, document
from tests.support.hub import ME
from tests.support.saml_idp import SmallIdp, key_pair

__all__ = ["acme"]  # fixture


# --- rollover -----------------------------------------------------------------------------------------------------------


def test_given_the_provider_rolls_its_certificate_over_then_people_sign_in_all_the_way(acme: Followed) -> None:
    old, new = key_pair(OLD), key_pair(NEW)
    acme.clock()
    assert acme.sign_in(OLD)
    acme.publish(document(acme.idp, old, new))  # announced
    acme.clock(hours=6)
    assert acme.certificates == {OLD, NEW}
    assert acme.sign_in(OLD)
    assert acme.sign_in(NEW), "the day it begins to sign with the new one"
    acme.publish(document(acme.idp, new))  # retired
    acme.clock(hours=6)
    assert acme.certificates == {NEW}
    assert acme.sign_in(NEW)
    assert not acme.sign_in(OLD), "what the provider no longer lists is no longer believed"


def test_given_a_change_then_the_audit_log_tells_fingerprints_and_who_it_was(acme: Followed) -> None:
    acme.publish(document(acme.idp, key_pair(OLD), key_pair(NEW)))
    acme.clock()
    (entry, *_) = acme.hub.built.services.audit.search(ME, None, Wanted(action="connector"), before_id=None, limit=10)
    assert (entry.actor, entry.action, entry.tenant) == ("watch", "connector.updated", "acme")
    before, after = entry.fields["settings.signing_certificates"]
    assert [each.split(":")[0] for each in after] == ["sha256", "sha256"]
    assert before == after[:1]
    assert "BEGIN CERTIFICATE" not in repr(entry)


def test_given_a_new_sign_in_address_on_the_same_host_then_people_are_sent_there(acme: Followed) -> None:
    acme.publish(document(acme.idp, sso="https://idp.acme.example/saml/v2"))
    acme.clock()
    assert acme.connector.settings.sso_redirect_url == "https://idp.acme.example/saml/v2"


# --- nothing new --------------------------------------------------------------------------------------------------------


def test_given_nothing_has_changed_then_neither_version_nor_audit_log_grow_and_it_says_since_when(acme: Followed) -> None:
    acme.publish(document(acme.idp, key_pair(OLD), key_pair(NEW)))
    acme.clock()
    version, entries, changed = acme.connector.version, acme.hub.count("audit"), acme.hub.clock.now()
    for shift in range(4):
        keys = [key_pair(OLD), key_pair(NEW)][:: 1 if shift % 2 else -1]  # listed in another order
        acme.publish(document(acme.idp, *keys, valid_until=acme.hub.clock.now() + timedelta(days=7)))
        assert acme.clock(hours=6) == 1
    assert (acme.connector.version, acme.hub.count("audit")) == (version, entries)
    found = acme.health()
    assert (found.followed_at, found.followed_unchanged_since) == (acme.hub.clock.now(), changed)
    assert found.follows.endswith("/FederationMetadata.xml")


def test_given_the_server_knows_conditional_requests_then_an_unchanged_document_is_not_sent_again(acme: Followed) -> None:
    acme.publish(document(acme.idp), ETag='"1"', Last_Modified="Mon, 02 Mar 2026 08:00:00 GMT")
    acme.clock()
    acme.publish(b"", 304)
    assert acme.clock(hours=6) == 1
    _, asked = acme.site.asked[-1]
    assert (asked["if-none-match"], asked["if-modified-since"]) == ('"1"', "Mon, 02 Mar 2026 08:00:00 GMT")
    assert acme.health().followed_problem == ""


def test_given_somebody_changed_the_connector_by_hand_then_the_whole_document_is_read_again(acme: Followed) -> None:
    acme.publish(document(acme.idp), ETag='"1"')
    acme.clock()
    acme.settings(allow_create=False)
    acme.clock(hours=6)
    assert "if-none-match" not in acme.site.asked[-1][1]
    assert acme.connector.settings.allow_create is False, "one's own choices are no business of the document"


def test_given_not_modified_to_a_question_without_condition_then_that_is_no_answer(acme: Followed) -> None:
    acme.publish(b"", 304)
    acme.clock()
    assert acme.health().followed_problem == "The address answered with status 304, not with metadata."


# --- poison -------------------------------------------------------------------------------------------------------------

Poison = Callable[[Followed], bytes]

POISON: dict[str, tuple[Poison, str]] = {
    "another entity": (lambda acme: document(SmallIdp("https://evil.example/saml", key_pair(STRANGER))), "another identity provider"),
    "one letter": (lambda acme: document(SmallIdp(acme.idp.entity_id + "/", key_pair(STRANGER))), "another identity provider"),
    "doctype": (lambda acme: b'<!DOCTYPE x [<!ENTITY a "b">]>' + document(acme.idp, key_pair(STRANGER), key_pair(OLD)), "DOCTYPE"),
    "web page": (lambda acme: b"<html><body>Sign in</body></html>", "web page"),
    "huge": (lambda acme: document(acme.idp) + b" " * 1_100_000, "too large"),
    "empty": (lambda acme: b"", "empty"),
    "no keys": (lambda acme: document(acme.idp).replace(b'use="signing"', b'use="encryption"'), "no signing certificate"),
    "weak key": (lambda acme: document(acme.idp, key_pair("weak", kind="rsa1024")), "too short"),
    "no way in": (lambda acme: document(acme.idp, sso="javascript:alert(1)"), "neither the HTTP-Redirect"),
    "expired": (lambda acme: document(acme.idp, valid_until=acme.hub.clock.now() - timedelta(hours=1)), "expired"),
    "our own": (lambda acme: document(SmallIdp(f"http://localhost:8080/upstream/{acme.connector.id}/metadata")), "our own"),
}


@pytest.mark.parametrize("name", list(POISON))
def test_given_a_poisoned_answer_then_everything_stays_as_it_was_and_it_says_so(acme: Followed, name: str) -> None:
    make, sentence = POISON[name]
    acme.clock()
    before, entries = acme.connector, acme.hub.count("audit")
    acme.publish(make(acme))
    acme.clock(hours=6)
    assert acme.connector == before
    assert acme.hub.count("audit") == entries
    found = acme.health()
    assert sentence in found.followed_problem
    assert found.followed_at == acme.hub.clock.now() - timedelta(hours=6), "when it last worked"
    assert acme.sign_in(OLD)


@pytest.mark.parametrize("status", [404, 500])
def test_given_an_error_then_the_last_good_stays_and_it_is_tried_again_soon_then_less_often(acme: Followed, status: int) -> None:
    acme.clock()
    acme.publish(b"", status)
    acme.clock(hours=6)
    assert acme.wait() <= timedelta(minutes=15)
    waits = []
    for _ in range(6):
        acme.clock(hours=6)
        waits.append(acme.wait())
    assert timedelta(hours=5) < waits[-1] <= timedelta(hours=6)
    assert waits[0] < waits[1] < waits[2]
    acme.publish(document(acme.idp))
    acme.clock(hours=6)
    assert acme.health().followed_problem == ""


# --- a person has to look -------------------------------------------------------------------------------------------------


def test_given_unsigned_metadata_with_none_of_the_known_keys_then_it_waits_for_a_person(acme: Followed) -> None:
    acme.clock()
    acme.publish(document(acme.idp, key_pair(STRANGER)), ETag='"2"')
    acme.clock(hours=6)
    assert acme.certificates == {OLD}
    assert acme.health().followed_waits == ("None of the certificates that we know is in it any more.",)
    assert not acme.sign_in(STRANGER)
    acme.clock(hours=6)
    assert "if-none-match" not in acme.site.asked[-1][1], "whoever says yes reads the whole document"
    acme.publish(document(acme.idp, key_pair(OLD)))
    acme.clock(hours=6)
    assert acme.health().followed_waits == ()


def test_given_unsigned_metadata_that_sends_people_to_another_host_then_it_waits_for_a_person(acme: Followed) -> None:
    acme.publish(document(acme.idp, key_pair(OLD), sso="https://idp.evil.example/sso"))
    acme.clock()
    assert acme.connector.settings.sso_redirect_url.startswith("https://idp.acme.example/")
    assert acme.health().followed_waits == ("People would be sent to another host to sign in.",)


def test_given_the_operator_chose_to_take_replacements_over_then_nobody_is_asked(acme: Followed) -> None:
    acme.settings(take_over_replacements=True)
    assert any("Whoever gets hold of that web address" in line for line in acme.hub.built.connectors.words(acme.hub.tenants["acme"], acme.connector.id)[1])
    acme.publish(document(acme.idp, key_pair(NEW), sso="https://login.acme.example/sso"))
    acme.clock()
    assert acme.certificates == {NEW}


# --- a pinned signature ---------------------------------------------------------------------------------------------------


def pinned(acme: Followed) -> None:
    acme.settings(metadata_signing_certificates=[key_pair("federation").certificate_pem])


def test_given_a_pin_then_what_it_has_signed_is_taken_over_even_when_everything_is_new(acme: Followed) -> None:
    pinned(acme)
    acme.publish(document(acme.idp, key_pair(NEW), signed_by=key_pair("federation"), sso="https://login.acme.example/sso"))
    acme.clock()
    assert (acme.certificates, acme.health().followed_problem) == ({NEW}, "")


SIGNED: dict[str, tuple[Poison, str]] = {
    "not signed": (lambda acme: document(acme.idp, key_pair(OLD), key_pair(STRANGER)), "not signed, although"),
    "by somebody else": (lambda acme: document(acme.idp, key_pair(OLD), key_pair(STRANGER), signed_by=key_pair(STRANGER)), "pinned"),
    "by the key in it": (lambda acme: document(acme.idp, key_pair(OLD), key_pair(STRANGER), signed_by=key_pair(OLD)), "pinned"),
    "SHA-1": (lambda acme: document(acme.idp, key_pair(STRANGER), signed_by=key_pair("federation"), method="RsaSha1"), "pinned"),
    "changed afterwards": (
        lambda acme: document(acme.idp, signed_by=key_pair("federation")).replace(b"/sso", b"/sos"),
        "changed afterwards",
    ),
    "wrapped": (
        lambda acme: b'<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">'
        + document(SmallIdp("https://other.example"), signed_by=key_pair("federation"))
        + document(acme.idp, key_pair(STRANGER))
        + b"</md:EntitiesDescriptor>",
        "another identity provider",
    ),
}


@pytest.mark.parametrize("name", list(SIGNED))
def test_given_a_pin_then_only_what_was_signed_is_read(acme: Followed, name: str) -> None:
    make, sentence = SIGNED[name]
    pinned(acme)
    before = acme.connector
    acme.publish(make(acme))
    acme.clock()
    assert acme.connector == before
    assert sentence in acme.health().followed_problem


def test_given_a_comment_in_a_signed_document_then_it_changes_nothing_of_what_was_signed(acme: Followed) -> None:
    pinned(acme)
    signed = document(acme.idp, key_pair(OLD), key_pair(NEW), signed_by=key_pair("federation"))
    acme.publish(signed.replace(b"<md:IDPSSODescriptor", b"<!-- made by hand --><md:IDPSSODescriptor", 1))
    acme.clock()
    assert acme.certificates == {OLD, NEW}


# --- when ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cache", "valid_days", "most_hours"),
    [("", None, 6), ("PT2H", None, 2), ("PT0S", None, 1), ("P365D", None, 24), ("soon", None, 6), ("P1D", 1, 12), ("", 0.01, 0.25)],
    ids=["nothing said", "two hours", "never cache", "a year", "nonsense", "ends before", "ends at once"],
)
def test_given_what_the_document_says_of_caching_then_it_is_read_again_within_reason(
    acme: Followed, cache: str, valid_days: float | None, most_hours: float
) -> None:
    until = None if valid_days is None else acme.hub.clock.now() + timedelta(days=valid_days)
    acme.publish(document(acme.idp, cache=cache, valid_until=until))
    acme.clock()
    assert 0.85 * most_hours <= acme.wait() / timedelta(hours=1) <= most_hours


def test_given_metadata_of_a_short_life_then_it_is_no_worry_while_reading_works_and_one_long_before_it_ends(acme: Followed) -> None:
    def expiring() -> list[int]:
        acme.hub.built.upkeep.run()
        return [item.days for item in acme.hub.built.operations.run(ME, "health.expiring", ListExpiring(days=30)).items]

    acme.publish(document(acme.idp, valid_until=acme.hub.clock.now() + timedelta(days=14)))
    acme.clock()
    assert (acme.health().state, expiring()) == ("quiet", [])
    assert acme.health().metadata_expires_at == acme.hub.clock.now() + timedelta(days=14)
    acme.publish(b"", 500)
    acme.clock(hours=6)
    acme.hub.clock.forward(hours=1)
    assert (acme.health().state, expiring()) == ("expiring", [13])


def test_given_a_connector_without_metadata_address_or_that_shall_not_follow_then_nobody_is_asked(acme: Followed) -> None:
    acme.settings(follow_metadata=False)
    assert acme.clock() == 0
    acme.settings(follow_metadata=True, metadata_url="")
    assert acme.clock(hours=7) == 0
    assert acme.site.asked == []
    assert acme.health().follows == ""


def test_given_two_processes_then_the_second_reading_of_one_document_writes_nothing(acme: Followed) -> None:
    services = acme.hub.built.services
    acme.publish(document(acme.idp, key_pair(OLD), key_pair(NEW)))
    other = Following(services.bench, services.connectors, services.throttle)
    assert (services.following.read_due(), other.read_due()) == (1, 0)
    version = acme.connector.version
    acme.refresh()
    assert acme.connector.version == version


# --- strange addresses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", ["?key=" + "k" * 2500, "?\x00", "\x00", "?\x01"])
def test_given_an_address_that_fits_into_no_column_then_it_is_followed_and_keeps_nobody_waiting(acme: Followed, more: str) -> None:
    acme.site.pages[f"{WHERE}%00"] = acme.site.pages[WHERE]
    acme.settings(metadata_url=acme.site.url + WHERE + more)

    assert acme.clock(hours=7) == 1
    assert acme.hub.built.services.reach.look_around() == 1

    found = acme.health()
    assert (found.followed_at, found.reachable) == (acme.hub.clock.now(), True)
    assert acme.clock(minutes=1) == 0, "its turn is over"
    assert acme.hub.built.services.reach.look_around() == 0

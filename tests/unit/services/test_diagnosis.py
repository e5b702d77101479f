"""The table of probable causes: complete, ordered, and right for every attack of the corpus."""

from __future__ import annotations

import pytest

from broker.domain.errors import Act
from broker.services.diagnosis import BY_CHECK, BY_CODE, explain, possible
from broker.services.diagnosis.engine import REFINED
from tests.architecture import generate_docs
from tests.architecture.test_docs import checks_in_the_code
from tests.attacks.saml.corpus import ATTACKS


def test_given_every_check_of_the_code_then_the_table_explains_it() -> None:
    assert checks_in_the_code() - BY_CHECK.keys() == set()


def test_given_the_table_then_it_explains_no_check_that_does_not_exist() -> None:
    assert BY_CHECK.keys() - checks_in_the_code() == set()


def test_given_every_error_code_then_the_table_explains_it() -> None:
    codes = {kind.code for kind in generate_docs.error_classes()} | {"token_request_refused"}
    assert codes - BY_CODE.keys() == set()


def test_given_a_refined_row_then_it_refines_a_known_check_and_says_when() -> None:
    for row in REFINED:
        assert row.of in BY_CHECK, row
        assert row.said or row.types, row
        assert row.cause != BY_CHECK[row.of], row


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_given_an_attack_of_the_corpus_then_its_check_has_a_cause_of_its_own(attack) -> None:
    assert explain("invalid_upstream_response", attack.check) != BY_CODE["invalid_upstream_response"]


@pytest.mark.parametrize(
    ("check", "reason", "connector_type", "says"),
    [
        ("saml.assertion_signature", "made by none of the 1 known keys, or changed since", "saml", "certificate"),
        ("saml.assertion_signature", "made by none of the 1 known keys, or changed since", "adfs", "AD FS signed"),
        ("saml.response_signature", "made by none of the 2 known keys, or changed since", "entra-saml", "Entra ID signed"),
        ("saml.response_signature", "made by none of the 2 known keys, or changed since", "google-saml", "Google signed"),
        ("saml.response_signature", "made by none of the 2 known keys, or changed since", "okta", "Okta signed"),
        ("saml.assertion_signature", "the digest of the covered element differs", "adfs", "was changed"),
        ("saml.assertion_signature", "signature algorithm not accepted: 'http://…rsa-sha1'", "saml", "outdated"),
        ("saml.conditions", "NotBefore lies in the future", "saml", "ahead of ours"),
        ("saml.conditions", "NotOnOrAfter of the Conditions has passed", "saml", "too old"),
        ("saml.subject_confirmation", "NotOnOrAfter of the SubjectConfirmationData has passed", "saml", "too old"),
        ("saml.subject_confirmation", "Recipient is not the one of this sign-in", "saml", "another address"),
        ("saml.subject", "the NameID is transient: another one at every login", "saml", "transient"),
        ("saml.subject", "the assertion has no NameID", "adfs", "AD FS sends no Name ID"),
        ("saml.status", "identity provider answered Requester / InvalidNameIDPolicy", "saml", "kind of identifier"),
        ("saml.status", "identity provider answered Responder / AuthnFailed", "saml", "itself refused"),
        ("oidc.code_exchange", "the token endpoint answered 'invalid_client': 'AADSTS7000222: expired'", "entra-oidc", "Entra ID has expired"),
        ("oidc.code_exchange", "the token endpoint answered 'invalid_client': ''", "oidc", "wrong or has expired"),
        ("oidc.provider_consent", "the provider answered 'access_denied': ''", "oidc", "has not agreed"),
        ("application.authorization", "no rule permits", "saml", "no rule of the application"),
    ],
)
def test_given_what_a_check_said_then_the_cause_is_exact(check: str, reason: str, connector_type: str, says: str) -> None:
    assert says in explain("invalid_upstream_response", check, reason, connector_type).cause


def test_given_a_request_that_is_damaged_then_its_sender_is_the_application_and_not_the_customer() -> None:
    assert explain("malformed_request", "saml.xml").act is Act.APPLICATION_OWNER
    assert explain("invalid_upstream_response", "saml.xml").act is Act.CUSTOMER_IT


def test_given_something_unknown_then_there_is_still_an_answer() -> None:
    assert explain("new_code", "new.check").cause
    assert explain("foreign_email", "new.check") == BY_CODE["foreign_email"]


def test_given_an_error_with_checks_then_its_causes_go_from_exact_to_general() -> None:
    found = possible("invalid_upstream_response", ["saml.audience"])
    assert found[0] == BY_CHECK["saml.audience"]
    assert found[-1] == BY_CODE["invalid_upstream_response"]

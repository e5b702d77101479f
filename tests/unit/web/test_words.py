"""Technical names in people's words."""

from __future__ import annotations

import pytest

from broker.domain import claims as c
from broker.domain.claims import Claim
from broker.web import words


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0", "Edge · Windows"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36", "Chrome · Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15", "Safari · macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1", "Safari · iPhone"),
        ("Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 Chrome/130.0.0.0 Mobile Safari/537.36", "Chrome · Android"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
        ("curl/8.5.0", words.UNKNOWN_BROWSER),
        ("", words.UNKNOWN_BROWSER),
        ("<script>Firefox</script>", words.UNKNOWN_BROWSER),
    ],
)
def test_given_a_user_agent_then_a_person_recognises_their_browser(user_agent: str, expected: str) -> None:
    assert words.browser(user_agent) == expected


def test_given_a_profile_then_what_has_a_word_comes_first_and_values_of_one_type_stand_together() -> None:
    profile = (Claim("urn:x", "1"), Claim(c.GROUP, "a"), Claim(c.EMAIL_VERIFIED, "true"), Claim(c.GROUP, "b"), Claim(c.EMAIL, "a@b.example"))
    found = [(said.label, said.values, said.known) for said in words.said(profile)]
    assert found == [
        ("Email address", ("a@b.example",), True),
        ("Groups", ("a", "b"), True),
        ("Address confirmed by the organisation", ("Yes",), True),
        ("urn:x", ("1",), False),
    ]

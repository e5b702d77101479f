"""The one function that decides what an email address is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.domain.email import domain_of, is_domain, normalise, realm_of

GOOD = [("a@b.example", "a@b.example"), ("Ann.B+x@ACME.Example", "Ann.B+x@acme.example"), ("o'neil@x-y.example", "o'neil@x-y.example")]
BAD = [
    "", "@", "a@", "@b.example", "a@b", "a@b.", "a@.b", "a@b..example", " a@b.example", "a@b.example ", "a@b.example\n", "a@b.example.",
    "a@@b.example", "a@b@c.example", "a@b.example,c@d.example", "a;c@b.example", "A <a@b.example>", "a@[127.0.0.1]", '"a b"@c.example',
    "ａ@b.example", "a@ｂ.example", "a@b.exam ple", "a..b@c.example", ".a@b.example", "a.@b.example", "a@-b.example", "a@b-.example",
    "a@b.example\x00", "a@b.1", "a" * 65 + "@b.example", "a@" + "b" * 250 + ".example",
]  # fmt: skip


@pytest.mark.parametrize(("given_", "expected"), GOOD)
def test_a_plain_address_keeps_its_local_part_and_lowers_its_domain(given_: str, expected: str) -> None:
    assert normalise(given_) == expected


@pytest.mark.parametrize("value", BAD)
def test_everything_else_is_no_address(value: str) -> None:
    assert normalise(value) is None


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing_and_yields_one_domain(value: str) -> None:
    once = normalise(value)
    if once is not None:
        assert normalise(once) == once
        assert once.count("@") == 1
        assert is_domain(domain_of(once))
        assert value.isascii()


@pytest.mark.parametrize(
    ("typed", "realm"),
    [
        (" Ann@Acme.Example ", "acme.example"),
        ("ACME\\ann", "acme"),
        ("corp.acme.example\\ann", "corp.acme.example"),
        ("ann", None),
        ("\\ann", None),
        ("a b\\ann", None),
    ],
)
def test_what_people_type_names_a_realm(typed: str, realm: str | None) -> None:
    assert realm_of(typed) == realm

"""The life of a key as a line: what has happened, and what is to come."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from broker.console.key_lines import KeyLine, kinds
from broker.services.operations.key_views import KeyView
from tests.support.clock import NOW


def key(state: str, **times: int | None) -> KeyView:
    """Times in days from now."""

    def at(name: str) -> object:
        days = times.get(name)
        return None if days is None else NOW + timedelta(days=days)

    return KeyView(
        key=f"key_{state}",
        owner="hub",
        use="saml_signing",
        algorithm="RS256",
        state=state,
        name="name",
        certificate="",
        published_at="",
        created_at=at("created"),  # type: ignore[arg-type]
        promoted_at=at("promoted"),  # type: ignore[arg-type]
        may_promote_at=at("may"),  # type: ignore[arg-type]
        not_after=NOW + timedelta(days=3000),
        retired_at=at("retired"),  # type: ignore[arg-type]
        ends_at=at("ends"),  # type: ignore[arg-type]
        imported=False,
    )


def line_of(shown: KeyView) -> KeyLine:
    ((line,),) = (kind.lines for kind in kinds([shown], NOW))
    return line


@pytest.mark.parametrize(
    ("shown", "segments"),
    [
        (key("next", created=-4, may=10), [("announced", False), ("announced", True), ("signs", True)]),
        (key("next", created=-20, may=-6), [("announced", False), ("signs", True)]),
        (key("active", created=-20, promoted=-6), [("announced", False), ("signs", False), ("signs", True)]),
        (key("active", created=-6, promoted=-6), [("signs", False), ("signs", True)]),
        (
            key("retiring", created=-40, promoted=-26, retired=-6, ends=24),
            [("announced", False), ("signs", False), ("retires", False), ("retires", True)],
        ),
        (key("revoked", created=-40, promoted=-26, retired=-6, ends=359), [("announced", False), ("signs", False), ("revoked", False), ("revoked", True)]),
    ],
    ids=["announced", "may sign", "signs", "made by init", "retiring", "revoked"],
)  # fmt: skip
def test_the_line_of_a_key_tells_its_life(shown: KeyView, segments: list[tuple[str, bool]]) -> None:
    line = line_of(shown)

    assert [(segment.kind, segment.planned) for segment in line.segments] == segments
    assert all(0 <= segment.start <= segment.start + segment.width <= 100.01 for segment in line.segments)
    assert all((segment.start >= line.today) is segment.planned for segment in line.segments)


def test_what_begins_where_something_ends_touches_it() -> None:
    segments = line_of(key("retiring", created=-40, promoted=-26, retired=-6, ends=24)).segments

    for before, after in pairwise(segments):
        assert after.start == pytest.approx(before.start + before.width, abs=0.02)


def test_only_what_has_no_next_key_yet_can_be_given_one() -> None:
    (kind,) = kinds([key("active", created=-20, promoted=-6), key("next", created=-4, may=10)], NOW)
    assert kind.lacking == ()
    (kind,) = kinds([key("active", created=-20, promoted=-6), key("revoked", created=-20, retired=-6, ends=300)], NOW)
    assert kind.lacking == ("RS256",)


def test_a_key_is_early_until_partners_have_had_their_time() -> None:
    assert line_of(key("next", created=-4, may=10)).early
    assert not line_of(key("next", created=-20, may=0)).early

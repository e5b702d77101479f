"""YAML that somebody sent: what is read, and what is refused before it costs anything."""

from __future__ import annotations

from typing import Any

import pytest

from broker.services import yaml_text

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("{}", {}),
        ("a: [1, 2.5, true, null, text]", {"a": [1, 2.5, True, None, "text"]}),
        ("day: 2026-12-31", {"day": "2026-12-31"}),
        ("at: 2026-12-31T10:00:00Z", {"at": "2026-12-31T10:00:00Z"}),
        ("rules: &r [{template: permit_all}]\nagain: *r", {"rules": [{"template": "permit_all"}], "again": [{"template": "permit_all"}]}),
        ("base: &b {x: 1}\nmore: {<<: *b, y: 2}", {"base": {"x": 1}, "more": {"x": 1, "y": 2}}),
        ('{"json": "is YAML too"}', {"json": "is YAML too"}),
        ("é: ü".encode(), {"é": "ü"}),
    ],
)
def test_plain_values_are_read(text: str | bytes, value: Any) -> None:
    assert yaml_text.read(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "a: 1\n b: 2",
        "--- 1\n--- 2",
        "[" * 20_000,
        "a: !!python/object/apply:os.system ['true']",
        "a: !!binary aGVsbG8=",
        "a: !!set {x}",
        "a: .inf",
        "a: .nan",
        "1: a",
        'a: "\\0"',
        "a: &a [*a]",
        "a: *nothing",
        b"\xff\xfe\xff",
        LAUGHS,
    ],
    ids=lambda text: repr(text[:24]),
)
def test_everything_else_is_refused(text: str | bytes) -> None:
    with pytest.raises(yaml_text.YamlError):
        yaml_text.read(text)

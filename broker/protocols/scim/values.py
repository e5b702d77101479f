"""What a directory sent → values of the schema: names as RFC 7643 writes them, types right, what is unknown left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.domain.messages import filled
from broker.protocols.scim import names
from broker.protocols.scim.names import invalid_syntax, invalid_value
from broker.protocols.scim.schema import ENTERPRISE_INDEX, USER_INDEX, Attribute

MAX_TEXT, MAX_VALUES, MAX_USER_NAME, MAX_KEY = 4096, 100, 255, 255


def read_user(sent: Any) -> dict[str, Any]:
    """A whole person, as POST and PUT send one. Raises Refused.

    Attributes that are not kept are left out (RFC 7644 3.3), passwords above all.
    """
    if not isinstance(sent, dict):
        raise invalid_syntax("Send one JSON object.")
    found = read_attributes(sent, USER_INDEX)
    for name, value in sent.items():
        if name.lower() == names.ENTERPRISE_USER.lower() and isinstance(value, dict) and value:
            found[names.ENTERPRISE_USER] = read_attributes(value, ENTERPRISE_INDEX)
    return check_user(found)


def check_user(user: dict[str, Any]) -> dict[str, Any]:
    """What must hold of every person. Raises Refused. Empty parts go."""
    user = {name: value for name, value in user.items() if value not in (None, [], {})}
    user_name = user.get("userName", "").strip()
    if not user_name or len(user_name) > MAX_USER_NAME:
        raise invalid_value(filled("userName is required: 1 to %(most)s characters.", most=MAX_USER_NAME))
    if len(user.get("externalId", "")) > MAX_KEY:
        raise invalid_value(filled("externalId has at most %(most)s characters.", most=MAX_KEY))
    user["userName"] = user_name
    return user


def read_attributes(sent: dict[str, Any], index: Mapping[str, Attribute]) -> dict[str, Any]:
    """Those of `index` that are in `sent`. Raises Refused."""
    found: dict[str, Any] = {}
    for name, value in sent.items():
        attribute = index.get(name.lower())
        if attribute is None or attribute.read_only:
            continue
        read = read_value(attribute, value)
        if read is not None:
            found[attribute.name] = read
    return found


def read_value(attribute: Attribute, sent: Any) -> Any:
    """None: unassigned (RFC 7643 2.5). Raises Refused."""
    if sent is None:
        return None
    if attribute.multi:
        given = sent if isinstance(sent, list) else [sent]
        if len(given) > MAX_VALUES:
            raise invalid_value(filled("%(name)s has at most %(most)s values.", name=attribute.name, most=MAX_VALUES))
        return _one_primary(with_content([read for each in given if (read := _single(attribute, each))]))
    if isinstance(sent, list):
        # Some directories wrap a single value.
        if len(sent) != 1:
            raise invalid_value(filled("%(name)s has one value.", name=attribute.name))
        sent = sent[0]
    return _single(attribute, sent)


def _single(attribute: Attribute, sent: Any) -> Any:
    if attribute.type == "complex":
        if not isinstance(sent, dict):
            # `"manager": "id"` and `"emails": ["a@b.example"]` mean the value itself.
            if "value" not in attribute.index or sent is None:
                raise invalid_value(filled("%(name)s is an object.", name=attribute.name))
            sent = {"value": sent}
        return read_attributes(sent, attribute.index) or None
    if attribute.type == "boolean":
        return _truth(attribute, sent)
    return _text(attribute, sent)


def _truth(attribute: Attribute, sent: Any) -> bool | None:
    """Entra ID sends "True" and "False" as text."""
    if isinstance(sent, bool):
        return sent
    if isinstance(sent, str):
        if not sent.strip():
            return None
        if (word := sent.strip().lower()) in {"true", "false"}:
            return word == "true"
    raise invalid_value(filled("%(name)s is true or false.", name=attribute.name))


def _text(attribute: Attribute, sent: Any) -> str | None:
    if isinstance(sent, int | float) and not isinstance(sent, bool):
        sent = str(sent)
    if not isinstance(sent, str):
        raise invalid_value(filled("%(name)s is text.", name=attribute.name))
    if len(sent) > MAX_TEXT:
        raise invalid_value(filled("%(name)s has at most %(most)s characters.", name=attribute.name, most=MAX_TEXT))
    if "\x00" in sent:
        raise invalid_value(filled("%(name)s contains U+0000.", name=attribute.name))
    return sent or None


def _one_primary(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most one value is the main one (RFC 7643 2.4): the first that says so."""
    seen = False
    for value in values:
        if value.get("primary") is True:
            if seen:
                value["primary"] = False
            seen = True
    return values


def with_content(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without those of which only the type is left: OneLogin sends them for fields that are empty."""
    return [value for value in values if value.keys() - {"type", "primary"}]


def set_primary(values: list[dict[str, Any]], fresh: list[dict[str, Any]]) -> None:
    """A new main value takes the mark from the old one (RFC 7644 3.5.2)."""
    if any(value.get("primary") is True for value in fresh):
        for value in values:
            if value.get("primary") is True and not any(value is each for each in fresh):
                value["primary"] = False

"""Reading pages as a person does: headings, problems, reference codes and forms, without a browser."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import urljoin

from lxml import html


@dataclass(frozen=True)
class Form:
    """A form as it would be sent untouched: hidden and typed fields, no button. `action` is absolute when a base was given."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    encoding: str = "application/x-www-form-urlencoded"
    buttons: tuple[tuple[str, str], ...] = ()

    def with_fields(self, **more: str) -> Form:
        return replace(self, fields={**self.fields, **more})


def forms(page: str | bytes, base: str = "") -> list[Form]:
    """Every form of the page, in order."""
    return [_form(each, base) for each in _tree(page).iter("form")]


def form_to(page: str | bytes, ending: str, base: str = "") -> Form:
    """The first form whose action ends like this."""
    found = forms(page, base)
    for form in found:
        if form.action.endswith(ending):
            return form
    raise AssertionError(f"no form to {ending}; there are {[form.action for form in found]}; the page says: {text(page)[:300]}")


def search_form(page: str | bytes, base: str = "") -> Form:
    """The one form with a search field in its `<main>`."""
    found = [form for form in forms(page, base) if "search" in form.fields]
    assert len(found) == 1, f"{len(found)} search forms"
    return found[0]


def elements(page: str | bytes, path: str) -> list[html.HtmlElement]:
    return list(_tree(page).xpath(path))


def self_posting_form(page: str | bytes) -> Form:
    """The one form of a page that submits itself."""
    found = forms(page)
    assert len(found) == 1, text(page)[:300]
    assert "submit.js" in (page if isinstance(page, str) else page.decode())
    return found[0]


def heading(page: str | bytes) -> str:
    """The one h1."""
    found = _tree(page).xpath("//h1")
    assert len(found) == 1, f"{len(found)} h1 elements"
    return _words(found[0])


def reference_code(page: str | bytes) -> str:
    found = _tree(page).get_element_by_id("reference-code")
    return _words(found)


def problem(page: str | bytes) -> str | None:
    """What the page says was wrong with the form, if anything."""
    found = _tree(page).xpath("//*[@id='problem']")
    return _words(found[0]) if found else None


def links(page: str | bytes, base: str = "") -> dict[str, str]:
    """Text of a link → where it leads."""
    return {_words(each): urljoin(base, each.get("href", "")) for each in _tree(page).iter("a")}


def text(page: str | bytes) -> str:
    """All that can be read."""
    return _words(_tree(page).find("body"))


def _form(element: html.FormElement, base: str) -> Form:
    fields = {each.get("name"): each.get("value", "") for each in element.iter("input") if each.get("name") and _sent(each)}
    fields |= {each.get("name"): (each.text or "").removeprefix("\n") for each in element.iter("textarea") if each.get("name")}
    fields |= {each.get("name"): each.value or "" for each in element.iter("select") if each.get("name")}
    buttons = tuple((each.get("name", ""), each.get("value", "")) for each in element.iter("button"))
    encoding = element.get("enctype", "application/x-www-form-urlencoded")
    return Form(urljoin(base, element.get("action", "")), element.get("method", "get").upper(), fields, encoding, buttons)


def _sent(field_element: html.HtmlElement) -> bool:
    kind = field_element.get("type", "text")
    return kind not in {"checkbox", "radio", "file"} or field_element.get("checked") is not None


def _tree(page: str | bytes) -> html.HtmlElement:
    # Pages are UTF-8 and say so only in a meta element that lxml would have to find first.
    return html.document_fromstring(page if isinstance(page, str) else page.decode("utf-8"))


def _words(element: html.HtmlElement) -> str:
    return " ".join(" ".join(element.itertext()).split())

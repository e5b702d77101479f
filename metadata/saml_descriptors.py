"""Parts of a SAML role descriptor: endpoints, keys, names."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from lxml import etree

from broker.protocols import xml
from broker.protocols.certificates import LoadedCertificate, WeakKeyError, load_certificate
from broker.protocols.saml import names
from metadata.model import Certificate, Endpoint

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, slots=True)
class Keys:
    """Certificates by use, each once. `weak_signing` and `unreadable` count those that were left out."""

    signing: tuple[Certificate, ...]
    encryption: tuple[Certificate, ...]
    weak_signing: int
    unreadable: int


def endpoints(role: etree._Element, name: str) -> tuple[Endpoint, ...]:
    """In document order; those without binding or address are left out."""
    found = []
    for element in role.findall(names.md(name)):
        binding, location = element.get("Binding", "").strip(), element.get("Location", "").strip()
        index = element.get("index", "").strip()
        if binding and location:
            number = int(index) if index.isascii() and index.isdigit() and len(index) <= 5 else None
            default = element.get("isDefault", "").strip() in {"true", "1"}
            found.append(Endpoint(binding, location, number, default))
    return tuple(found)


def is_web(location: str) -> bool:
    """Whether a browser can be sent there: never `javascript:` or the like (SECURITY 5)."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return False
    return parts.scheme in {"https", "http"} and bool(parts.hostname) and location.isprintable()


def keys(role: etree._Element) -> Keys:
    """`use` absent means both uses; `use="encryption"` never verifies (CVE-2026-16443, Metadata 2.4.1.1)."""
    signing: dict[str, Certificate] = {}
    encryption: dict[str, Certificate] = {}
    weak = unreadable = 0
    for descriptor in role.findall(names.md("KeyDescriptor")):
        use = descriptor.get("use")
        for element in descriptor.findall(f"{names.ds('KeyInfo')}/{names.ds('X509Data')}/{names.ds('X509Certificate')}"):
            try:
                certificate = _certificate(load_certificate(xml.text_of(element)))
            except WeakKeyError:
                weak += use != "encryption"
                continue
            except ValueError:
                unreadable += 1
                continue
            if use in {None, "", "signing"}:
                signing.setdefault(certificate.sha256, certificate)
            if use in {None, "", "encryption"}:
                encryption.setdefault(certificate.sha256, certificate)
    return Keys(tuple(signing.values()), tuple(encryption.values()), weak, unreadable)


def name_id_formats(role: etree._Element) -> tuple[str, ...]:
    return tuple(xml.uri_of(element) for element in role.findall(names.md("NameIDFormat")))


def display_name(entity: etree._Element, role: etree._Element) -> str | None:
    """mdui:DisplayName, else OrganizationDisplayName; the English one first. Text only: pages escape it."""
    shown = role.findall(f"{names.md('Extensions')}/{{{names.MDUI}}}UIInfo/{{{names.MDUI}}}DisplayName")
    shown += entity.findall(f"{names.md('Organization')}/{names.md('OrganizationDisplayName')}")
    english = [element for element in shown if element.get(_LANGUAGE, "").lower().startswith("en")]
    for element in [*english, *shown]:
        text = " ".join(xml.text_of(element).split())[:200]
        if text:
            return text
    return None


def _certificate(loaded: LoadedCertificate) -> Certificate:
    return Certificate(loaded.pem, loaded.subject, loaded.not_before, loaded.not_after, loaded.sha256)

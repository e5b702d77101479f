"""Metadata as people have it: a file, a text to paste, or an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.console import pages
from broker.console.forms import Control
from broker.domain.errors import InvalidSettings
from broker.domain.messages import translatable
from broker.protocols import xml
from metadata import saml_words

TEXT = Control("metadata", translatable("Paste the metadata"), "code")
URL = Control("metadata_url", translatable("Metadata address"), "url")

NOTHING = translatable("Choose a file, paste the metadata, or enter its address.")
TWO_WAYS = translatable("Give the metadata in one way only: as a file, as text, or by its address.")


def given(typed: Mapping[str, str]) -> dict[str, Any]:
    """{"metadata": text} or {"metadata_url": address}, as operations name them. Raises InvalidSettings, InvalidMetadata."""
    document = pages.uploaded("file")
    text, url = typed.get(TEXT.name, "").strip(), typed.get(URL.name, "").strip()
    ways = [bool(document), bool(text), bool(url)]
    if sum(ways) != 1:
        raise InvalidSettings(TWO_WAYS if any(ways) else NOTHING, field=TEXT.name)
    if url:
        return {URL.name: url}
    return {TEXT.name: text or _readable(document)}


def _readable(document: bytes) -> str:
    """PowerShell and some consoles save UTF-16."""
    try:
        return xml.transcode(document).decode("utf-8")
    except (xml.XmlError, UnicodeDecodeError) as error:
        raise saml_words.problem("not_xml", cause=str(error)) from error

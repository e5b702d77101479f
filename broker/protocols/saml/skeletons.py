"""From pysaml2 objects to trees that logins copy and fill in.

pysaml2's classes know every element's place; serialising them costs too much for a login, so it happens once, when
configuration changes, and the result is read back by the one parser.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from broker.protocols import xml
from broker.protocols.saml.names import PREFIXES


def skeleton(element: Any) -> etree._Element:
    """The tree of a pysaml2 object, with the customary prefixes."""
    return xml.parse(element.to_string(nspair=PREFIXES))

"""Colours that can be read: WCAG 2.2 contrast, the nearest readable colour, and a brand's colours for light and dark pages."""

from __future__ import annotations

import re
from dataclasses import dataclass

HEX = re.compile(r"#[0-9a-f]{6}")
AA = 4.5
"""WCAG 2.2, 1.4.3: text of ordinary size."""

_Channels = tuple[int, int, int]
# Of broker/static/vestibule.css; a test compares them.
LIGHT_SHEET, LIGHT_STONE = "#ffffff", "#f5f3ee"
DARK_SHEET, DARK_STONE = "#191d1b", "#101312"
_WASH_LIGHT, _WASH_DARK = 0.1, 0.14


@dataclass(frozen=True, slots=True)
class Accent:
    """The tokens of one scheme: the colour itself, pressed, the text on it, a wash of it behind text in it."""

    accent: str
    deep: str
    text: str
    wash: str


def contrast(first: str, second: str) -> float:
    """WCAG 2.2 contrast ratio, 1 to 21."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: str) -> bool:
    """Can text in this colour be read on every light surface, and light text on it?"""
    surfaces = (LIGHT_SHEET, LIGHT_STONE, _mix(colour, LIGHT_SHEET, _WASH_LIGHT))
    return all(contrast(colour, surface) >= AA for surface in surfaces)


def nearest_readable(colour: str) -> str:
    """The same hue, only as much darker as it takes."""
    shades = (_mix(colour, "#000000", 1 - step / 100) for step in range(101))
    return next(shade for shade in shades if readable(shade))


def light(colour: str) -> Accent:
    """For a readable colour."""
    return Accent(colour, _mix(colour, "#000000", 0.78), LIGHT_SHEET, _mix(colour, LIGHT_SHEET, _WASH_LIGHT))


def dark(colour: str) -> Accent:
    """The same hue, only as much lighter as it takes on dark pages."""
    for step in range(101):
        shade = _mix(colour, "#ffffff", 1 - step / 100)
        wash = _mix(shade, DARK_SHEET, _WASH_DARK)
        if min(contrast(shade, DARK_SHEET), contrast(shade, wash), contrast(shade, DARK_STONE)) >= AA:
            return Accent(shade, _mix(shade, "#ffffff", 0.75), DARK_STONE, wash)
    raise AssertionError("white can be read on dark pages")


def _mix(colour: str, other: str, share: float) -> str:
    mixed = (round(mine * share + theirs * (1 - share)) for mine, theirs in zip(_channels(colour), _channels(other), strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _channels(colour: str) -> _Channels:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)

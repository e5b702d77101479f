"""What an uploaded picture really is: its kind by signature, its size by its own header. Nothing is decoded.

SVG is a document that can run scripts, so it is none of these.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

PNG, JPEG, WEBP, ICO = "image/png", "image/jpeg", "image/webp", "image/x-icon"


@dataclass(frozen=True, slots=True)
class Picture:
    content_type: str
    width: int
    height: int


def recognise(body: bytes) -> Picture | None:
    """None for anything that is not plainly a PNG, JPEG, WebP or ICO."""
    try:
        if body.startswith(b"\x89PNG\r\n\x1a\n"):
            return _png(body)
        if body.startswith(b"\xff\xd8\xff"):
            return _jpeg(body)
        if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
            return _webp(body)
        if body.startswith(b"\x00\x00\x01\x00"):
            return _ico(body)
    except (struct.error, IndexError):
        return None  # it ended before its own header did
    return None


def _png(body: bytes) -> Picture | None:
    """PNG 11.2.2: the first chunk is IHDR."""
    if body[8:16] != b"\x00\x00\x00\rIHDR" or b"IEND" not in body[-16:]:
        return None
    return Picture(PNG, *struct.unpack(">II", body[16:24]))


def _jpeg(body: bytes) -> Picture | None:
    """ITU T.81 B.1: segments up to the frame header, SOF0 to SOF15 without DHT, JPG and DAC."""
    place = 2
    while body[place] == 0xFF:
        marker = body[place + 1]
        (length,) = struct.unpack(">H", body[place + 2 : place + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", body[place + 5 : place + 9])
            return Picture(JPEG, width, height)
        place += 2 + max(length, 2)
    return None


def _webp(body: bytes) -> Picture | None:
    """RFC 9649 2.5 to 2.7: lossy, lossless, extended."""
    if struct.unpack("<I", body[4:8])[0] + 8 > len(body):
        return None
    kind = body[12:16]
    if kind == b"VP8 " and body[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", body[26:30])
        return Picture(WEBP, width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L" and body[20] == 0x2F:
        (bits,) = struct.unpack("<I", body[21:25])
        return Picture(WEBP, (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8X":
        return Picture(WEBP, int.from_bytes(body[24:27], "little") + 1, int.from_bytes(body[27:30], "little") + 1)
    return None


def _ico(body: bytes) -> Picture | None:
    """The largest of its entries; 0 stands for 256."""
    (count,) = struct.unpack("<H", body[4:6])
    if not 1 <= count <= 32:
        return None
    sizes = []
    for number in range(count):
        width, height, _, _, _, _, size, start = struct.unpack("<BBBBHHII", body[6 + 16 * number : 22 + 16 * number])
        if start + size > len(body) or not size:
            return None
        sizes.append((width or 256, height or 256))
    return Picture(ICO, *max(sizes))

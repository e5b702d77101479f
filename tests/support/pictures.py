"""Small real pictures of every kind, made from nothing."""

from __future__ import annotations

import struct
import zlib

Rgb = tuple[int, int, int]


def png(width: int, height: int, colour: Rgb = (28, 93, 76)) -> bytes:
    """One plain colour."""
    rows = (b"\x00" + bytes(colour) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def ico(side: int) -> bytes:
    """One entry, a PNG inside."""
    inside = png(side, side)
    entry = struct.pack("<BBBBHHII", side % 256, side % 256, 0, 0, 1, 32, len(inside), 22)
    return struct.pack("<HHH", 0, 1, 1) + entry + inside


def jpeg(width: int, height: int) -> bytes:
    """As far as its frame header: nothing decodes it here."""
    comment = b"\xff\xfe" + struct.pack(">H", 4) + b"hi"
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8" + comment + frame + b"\xff\xd9"


def webp(width: int, height: int) -> bytes:
    """Lossless, as far as its header."""
    bits = (width - 1) | (height - 1) << 14
    body = b"WEBPVP8L" + struct.pack("<IBI", 5, 0x2F, bits) + b"\x00"
    return b"RIFF" + struct.pack("<I", len(body)) + body

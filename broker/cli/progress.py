"""What takes long says so: on standard error, and only when somebody is looking at it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

_FIRST, _EVERY = 1.0, 0.5


def note(words: str, *, ends: bool = True) -> None:
    """How far it is, over what was said before."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{words}", nl=ends, err=True)


@contextmanager
def working(words: str) -> Iterator[None]:
    """`Applying 120 objects … 3 s`, from the first second on; gone when it is done."""
    if not sys.stderr.isatty():
        yield
        return
    over = threading.Event()
    began = time.monotonic()

    def tell() -> None:
        if over.wait(_FIRST):
            return
        while True:
            note(f"{words} … {time.monotonic() - began:.0f} s", ends=False)
            if over.wait(_EVERY):
                note("", ends=False)
                return

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()

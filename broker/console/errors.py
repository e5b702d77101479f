"""The error catalogue: what each code means, its probable causes, and who acts. Open to everybody: it names nobody.

The management API's problems and the page of a sign-in lead here, so that it works where nobody reaches the internet.
"""

from __future__ import annotations

from flask import Blueprint, Response

from broker.console import door, pages
from broker.console.face import ConsoleFace
from broker.console.sign_in_words import ACTS
from broker.services.diagnosis import BY_CODE, catalogue


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/errors")
    @door.public
    def errors() -> Response:
        return _all()

    @views.get("/errors/<code>")
    @door.public
    def one_error(code: str) -> Response:
        if code not in BY_CODE:
            return _all(missing=True)
        sentence, act = catalogue.entries().get(code, ("", BY_CODE[code].act))
        causes = catalogue.causes_of(code)
        return pages.bare("console/errors/one.html", code=code, sentence=sentence, act=ACTS[act.value], causes=causes, acts=ACTS)


def _all(*, missing: bool = False) -> Response:
    """Every entry; `missing`: somebody asked for one that there is not."""
    entries = {code: BY_CODE[code].cause for code in sorted(BY_CODE)}
    return pages.bare("console/errors/list.html", status=404 if missing else 200, entries=entries, missing=missing)

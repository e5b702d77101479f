"""The benchmarked gunicorn worker: the product's app, and counters that are read over addresses that only exist here.

Measured logins run without counting: reading a thread's clock costs microseconds itself. A second, shorter pass counts
requests, SQL statements and stages.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from flask import Response, g, jsonify, request
from sqlalchemy import event

from broker.app import create_app, vestibule
from broker.domain.transaction import Purpose
from broker.login import pipeline, upstream
from broker.store import statements

counters: Counter[str] = Counter()
app = create_app()
built = vestibule(app)
counting = False


_executed = statements._executed


def _counted(*arguments: Any) -> Any:
    if counting:
        counters["queries"] += 1
    return _executed(*arguments)


statements._executed = _counted


@event.listens_for(built.database.engine, "before_cursor_execute")
def _count(*arguments: Any) -> None:
    if counting and not str(arguments[2]).startswith("BEGIN"):
        counters["queries"] += 1


def _before() -> None:
    if counting:
        g.began = time.perf_counter()


app.before_request_funcs.setdefault(None, []).insert(0, _before)


@app.after_request
def _after(response: Response) -> Response:
    if counting and not request.path.startswith("/bench/"):
        counters["requests"] += 1
        counters[f"stage {request.method} {request.endpoint}"] += (time.perf_counter() - g.began) * 1000  # type: ignore[assignment]
    return response


def _timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def timed(*args: Any, **kwargs: Any) -> Any:
        if not counting:
            return function(*args, **kwargs)
        began = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            counters[f"stage   of which {name}"] += (time.perf_counter() - began) * 1000  # type: ignore[assignment]

    return timed


_course = pipeline.COURSES[Purpose.SIGN_IN]
_timed_stages = tuple((product, _timed(f"stage {product}", stage)) for product, stage in _course.stages)
pipeline.COURSES[Purpose.SIGN_IN] = replace(_course, stages=_timed_stages)
upstream.complete = _timed("connector's complete", upstream.complete)
upstream.burn = _timed("take and replay memory", upstream.burn)
for _name, _protocol in built.hub.downstream.items():
    object.__setattr__(_protocol, "answer", _timed(f"{_name} answer", _protocol.answer))
object.__setattr__(built.hub.traces, "save", _timed("save the trace", built.hub.traces.save))


@app.get("/bench/counters")
def _counters() -> Response:
    return jsonify(dict(counters))


@app.post("/bench/count/<state>")
def _switch(state: str) -> Response:
    global counting  # noqa: PLW0603  a benchmark
    counting = state == "on"
    counters.clear()
    return jsonify({})

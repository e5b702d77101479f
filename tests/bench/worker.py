"""The benchmarked gunicorn worker: `broker.wsgi`'s app, with counters read over an address that only exists here."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, g, jsonify, request
from sqlalchemy import event

from broker.app import create_app, vestibule
from broker.login import pipeline, upstream

counters: Counter[str] = Counter()
app = create_app()
built = vestibule(app)


@event.listens_for(built.database.engine, "before_cursor_execute")
def _count(*_arguments: Any) -> None:
    counters["queries"] += 1


@app.before_request
def _begin() -> None:
    g.began = time.thread_time()


@app.after_request
def _end(response: Response) -> Response:
    if not request.path.startswith("/bench/"):
        counters["requests"] += 1
        counters[f"stage view {request.method} {request.endpoint}"] += (time.thread_time() - g.began) * 1000  # type: ignore[assignment]
    return response


def _timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.thread_time()
        try:
            return function(*args, **kwargs)
        finally:
            counters[f"stage   of which {name}"] += (time.thread_time() - began) * 1000  # type: ignore[assignment]

    return timed


pipeline.STAGES = tuple((product, _timed(f"stage {product}", stage)) for product, stage in pipeline.STAGES)
upstream.complete = _timed("connector's complete", upstream.complete)  # type: ignore[assignment]
upstream.burn = _timed("take and replay memory", upstream.burn)  # type: ignore[assignment]
for _name, _protocol in built.hub.downstream.items():
    object.__setattr__(_protocol, "answer", _timed(f"{_name} answer", _protocol.answer))
object.__setattr__(built.hub.traces, "save", _timed("save the trace", built.hub.traces.save))


@app.get("/bench/counters")
def _counters() -> Response:
    return jsonify(dict(counters))


@app.post("/bench/reset")
def _reset() -> Response:
    counters.clear()
    return jsonify({})

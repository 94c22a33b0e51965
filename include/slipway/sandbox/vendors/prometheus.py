"""A stand-in for a Prometheus server: instant queries, each answered with what was laid down for it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from slipway.sandbox.vendors.stand_in import StandIn


@dataclass(kw_only=True)
class Prometheus:
    """What each expression gives: a number, "NaN", a list of numbers (several series), or None for nothing.

    An expression that is not here is answered as one that cannot be parsed.
    """

    answers: dict[str, float | str | list[float] | None] = field(default_factory=dict)


def prometheus(state: Prometheus | None = None, *, token: str = "") -> StandIn:
    """Return the stand-in.

    :param token: what the Authorization header must hold, as of a proxy before it; "" lets anyone in
    """
    from flask import Flask, jsonify, request

    kept = state or Prometheus()
    app = Flask("prometheus")

    @app.get("/api/v1/query")
    def query() -> Any:
        asked = request.args.get("query", "")
        if asked not in kept.answers:
            return _error(400, f'invalid parameter "query": parse error in {asked!r}')
        found = kept.answers[asked]
        figures = found if isinstance(found, list) else [] if found is None else [found]
        now = time.time()
        result = [
            {"metric": {"series": str(number)}, "value": [now, str(figure)]}
            for number, figure in enumerate(figures)
        ]
        return jsonify({"status": "success", "data": {"resultType": "vector", "result": result}})

    @app.get("/api/v1/status/buildinfo")
    def build() -> Any:
        return jsonify({"status": "success", "data": {"version": "3.5.0"}})

    return StandIn(app=app, error=_error, token=token)


def _error(status: int, message: str) -> tuple[Any, int]:
    kind = "bad_data" if status == 400 else "internal"
    return {"status": "error", "errorType": kind, "error": message}, status

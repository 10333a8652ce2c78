"""The HTTP side of voting-analytics: the results in JSON, and two questions for Kubernetes."""

from __future__ import annotations

import logging
import os
import socket

from flask import Flask, Response, jsonify

from . import wording
from .settings import Settings
from .tally import StoreError, Tally, open_tally

log = logging.getLogger(__name__)


def application() -> Flask:
    """The application as gunicorn starts it, from the environment."""
    settings = Settings.from_environment(os.environ)
    return create_app(settings, open_tally(settings))


def create_app(settings: Settings, tally: Tally) -> Flask:
    """Wire the routes to a store."""
    app = Flask(__name__, static_folder=None)
    host = socket.gethostname()
    worded = wording.plain if settings.version == "1.0" else wording.with_shares

    @app.get("/analytics")
    def analytics() -> Response:
        counts = tally.counts(settings.choices)
        votes = dict(zip(settings.choices, counts, strict=True))
        return jsonify(
            text=worded(settings.choices, counts), votes=votes, version=settings.version, host=host
        )

    @app.get("/healthz")
    def alive() -> Response:
        """This process answers; says nothing about the store behind it."""
        return Response("alive\n", mimetype="text/plain")

    @app.get("/ready")
    def ready() -> Response:
        """The store answers."""
        tally.counts(settings.choices)
        return Response("ready\n", mimetype="text/plain")

    @app.errorhandler(StoreError)
    def no_store(error: StoreError) -> Response:
        log.warning("no results: %s", error)
        response = jsonify(error=str(error))
        response.status_code = 503
        return response

    return app

"""The HTTP side of voting-app: pages, votes, the canary cookie, and two questions for Kubernetes.

A page is whole or it is an error: when the results can't be had the answer is 503 and has no results in it.
A vote or reset that failed answers 500, because proxies take a 503 for "not processed" and may send the
vote again, while our store may have counted it.
"""

from __future__ import annotations

import logging
import os
import re
import socket

from flask import Flask, Response, abort, redirect, render_template, request

from .ballots import Ballots, StoreError, open_ballots
from .results import Results, ResultsError
from .settings import Settings

RESET = "reset"
FLAG = "featureflag"
FLAG_SECONDS = 15 * 60
FLAG_IS_SET = re.compile(r"(.*?; ?)?(featureflag=on)(;.*)?")
"""The rule of the mesh's canary route, so the page and the route agree on what a cookie header means."""

log = logging.getLogger(__name__)


def application() -> Flask:
    """The application as gunicorn starts it, from the environment."""
    settings = Settings.from_environment(os.environ)
    return create_app(settings, open_ballots(settings), Results(settings.analytics))


def create_app(settings: Settings, ballots: Ballots, results: Results) -> Flask:
    """Wire the routes to a store and to voting-analytics."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 16 * 1024
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    pages = _Pages(settings, ballots, results)
    app.add_url_rule("/", view_func=pages.show, methods=["GET"])
    app.add_url_rule("/", view_func=pages.vote, methods=["POST"])
    if settings.feature_flag:
        app.add_url_rule("/featureflag/set", view_func=pages.set_flag, methods=["POST"])
        app.add_url_rule("/featureflag/clear", view_func=pages.clear_flag, methods=["POST"])
    app.add_url_rule("/healthz", view_func=pages.alive, methods=["GET"])
    app.add_url_rule("/ready", view_func=pages.ready, methods=["GET"])
    app.register_error_handler(ResultsError, pages.no_results)
    app.register_error_handler(StoreError, pages.no_vote)
    return app


class _Pages:
    """The views, with what they need."""

    def __init__(self, settings: Settings, ballots: Ballots, results: Results) -> None:
        self._settings = settings
        self._ballots = ballots
        self._results = results
        self._host = socket.gethostname()

    def show(self) -> Response:
        return self._page("page.html", 200, results=self._results.text())

    def vote(self) -> Response:
        choice = request.form.get("vote")
        if choice == RESET:
            self._ballots.reset()
        elif choice in self._settings.choices:
            self._ballots.record(choice)
        else:
            abort(400, f"vote must be one of {', '.join((*self._settings.choices, RESET))}")
        return _home()

    def set_flag(self) -> Response:
        response = _home()
        response.set_cookie(FLAG, "on", max_age=FLAG_SECONDS, path="/")
        return response

    def clear_flag(self) -> Response:
        response = _home()
        response.delete_cookie(FLAG, path="/")
        return response

    def alive(self) -> Response:
        """This process answers; says nothing about the services behind it."""
        return Response("alive\n", mimetype="text/plain")

    def ready(self) -> Response:
        """The whole chain answers: a page can be shown and a vote can be taken."""
        try:
            self._results.text()
            self._ballots.check()
        except (ResultsError, StoreError) as error:
            return Response(f"not ready: {error}\n", status=503, mimetype="text/plain")
        return Response("ready\n", mimetype="text/plain")

    def no_results(self, error: Exception) -> Response:
        log.warning("no page: %s", error)
        return self._page("error.html", 503, problem="The count can't be had right now.")

    def no_vote(self, error: Exception) -> Response:
        log.warning("no vote: %s", error)
        problem = "The store did not confirm. Look at the count before you vote again."
        return self._page("error.html", 500, problem=problem)

    def _page(self, template: str, status: int, **content: str) -> Response:
        html = render_template(
            template,
            settings=self._settings,
            host=self._host,
            flag="set" if FLAG_IS_SET.fullmatch(request.headers.get("Cookie", "")) else "clear",
            reset=RESET,
            **content,
        )
        response = Response(html, status=status, mimetype="text/html")
        response.cache_control.no_store = True
        return response


def _home() -> Response:
    response = redirect("/", code=302)
    assert isinstance(response, Response)
    return response

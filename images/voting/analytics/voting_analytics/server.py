"""How gunicorn serves this application; read by `gunicorn --config python:voting_analytics.server`."""

import os

from .settings import Settings

wsgi_app = "voting_analytics.web:application()"
bind = f"0.0.0.0:{Settings.from_environment(os.environ).port}"
workers = 1
worker_class = "gthread"
threads = 16
# The sidecar keeps its connections. Were gunicorn to close an idle one first, a request on its way would be
# lost.
keepalive = 7200
graceful_timeout = 2
# The heartbeat file must not wait for a disk, and the root file system may be read-only.
worker_tmp_dir = "/dev/shm"  # noqa: S108 - gunicorn makes a private, unlinked file in it
loglevel = "warning"

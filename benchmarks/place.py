"""What a run needs around it, and leaves nothing of: a database, a Redis database, a folder, a simulated HubSpot."""

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager

import psycopg2
import redis

REDIS = os.environ.get("BENCH_REDIS", "redis://127.0.0.1:6379")
PGHOST = os.environ.get("PGHOST", "127.0.0.1")
PGUSER = os.environ.get("PGUSER", "postgres")
#: Another HubSpot than a simulator of our own, and a token for it if its side door does not tell one.
API_URL = os.environ.get("HUBSPOT_API_URL", "").rstrip("/")
TOKEN = os.environ.get("HUBSPOT_TOKEN", "")
#: Told in the answers' headers: who is told nothing has to assume HubSpot's lowest limit, and waits.
NO_LIMIT = 100_000


class Portal:
    """The side door of a simulator, see its README; it is not part of what is measured."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._offered = self._look()

    def _look(self) -> frozenset[str]:
        try:
            return frozenset(self.ask("GET", "")["actions"])
        except (OSError, ValueError, KeyError, TypeError):  # HubSpot itself, say
            return frozenset()

    def lacks(self, needed: Iterable[str]) -> list[str]:
        """Which of these requests, such as ``PATCH latency``, the side door does not offer."""
        return sorted(action for action in needed if action.replace(" ", " /_simulator/") not in self._offered)

    def ask(self, method: str, action: str, body: object = None) -> dict:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_simulator/{action}", data, method=method)
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.load(answer)

    def prepare(self, latency_ms: float = 0, rate_limit: int = NO_LIMIT, batch_latency_ms: float | None = None):
        """An empty portal with this latency and limit."""
        self.ask("POST", "reset")
        if not self.lacks(["PATCH latency"]):
            self.ask("PATCH", "latency", {"latency_ms": latency_ms, "batch_latency_ms": batch_latency_ms})
        if not self.lacks(["PATCH limits"]):
            self.ask("PATCH", "limits", {"burst": rate_limit, "daily": None})

    def lift_limits(self) -> None:
        """As fast as it can from now on."""
        self.ask("PATCH", "latency", {"latency_ms": 0})
        self.ask("PATCH", "limits", {"burst": NO_LIMIT})

    def forget_requests(self) -> None:
        self.ask("DELETE", "requests")

    def counters(self) -> dict:
        return self.ask("GET", "counters")

    @property
    def requests(self) -> int:
        """All requests since the last ``forget_requests``: tokens and schema included, refused ones too."""
        return self.counters()["total"]

    @property
    def key(self) -> str:
        return TOKEN or self.ask("GET", "state")["service_key"]


@contextmanager
def database() -> Iterator[str]:
    """A new PostgreSQL database, dropped afterwards."""
    name = f"hubspot_bench_{os.getpid()}"
    server = psycopg2.connect(host=PGHOST, user=PGUSER, dbname="postgres")
    server.autocommit = True
    with closing(server), server.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            yield name
        finally:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def redis_database() -> Iterator[str]:
    """A Redis database that nobody uses, emptied afterwards."""
    for number in range(15, 0, -1):
        url = f"{REDIS}/{number}"
        with redis.Redis.from_url(url) as server:
            if not server.dbsize() and server.set("pretix_hubspot_bench", os.getpid(), nx=True):
                try:
                    yield url
                finally:
                    server.flushdb()
                return
    raise RuntimeError(f"All databases of {REDIS} are in use")


@contextmanager
def simulator() -> Iterator[Portal]:
    """A simulated HubSpot in a process of its own, or the server that ``HUBSPOT_API_URL`` names."""
    if API_URL:
        yield Portal(API_URL)
        return
    command = [sys.executable, "-m", "hubspot_simulator", "--port", "0", "--rate-limit", "off", "--daily-limit", "off"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield Portal(re.search(r"http://\S+", process.stdout.readline()).group())
    finally:
        process.terminate()
        process.wait(timeout=10)


@contextmanager
def prepared() -> Iterator[Portal]:
    """Everything above, with Django set up on it, tables included."""
    with ExitStack() as stack:
        portal = stack.enter_context(simulator())
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hubspot-bench-"))
        name, broker = stack.enter_context(database()), stack.enter_context(redis_database())
        os.environ.update(environment(folder, name, broker, portal.url))
        set_up()
        from django.core.management import call_command  # inline: Django was just set up
        from django.db import connections

        call_command("migrate", run_syncdb=True, verbosity=0)
        stack.callback(connections.close_all)
        yield portal


def environment(folder: str, database_name: str, broker: str, portal_url: str) -> dict[str, str]:
    """pretix' configuration, as child processes and workers see it as well."""
    return {
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "DATA_DIR": folder,
        "PRETIX_CONFIG_FILE": os.devnull,  # whatever pretix.cfg lies about on this machine is none of our business
        "PRETIX_DJANGO_SECRET": "only-for-one-run-of-the-benchmarks-0123456789abcdef",
        "PRETIX_PRETIX_DATADIR": folder,
        "PRETIX_PRETIX_URL": "http://localhost",
        "PRETIX_DATABASE_BACKEND": "postgresql",
        "PRETIX_DATABASE_NAME": database_name,
        "PRETIX_DATABASE_USER": PGUSER,
        "PRETIX_DATABASE_HOST": PGHOST,
        "PRETIX_REDIS_LOCATION": broker,
        "PRETIX_CELERY_BROKER": broker,
        "PRETIX_CELERY_BACKEND": broker,
        "PRETIX_HUBSPOT_API_URL": portal_url,
        "PRETIX_HUBSPOT_APP_URL": portal_url,
        "PRETIX_PRETIX_ALLOW_HTTP_TO_PRIVATE_NETWORKS": "True",  # the simulator answers on this machine
        "PRETIX_PRETIX_ECB_RATES": "False",
    }


def set_up() -> None:
    sys.argv[1:] = []  # pretix looks for "runserver" among the arguments
    import django  # inline: reads the environment that was just written

    django.setup()

"""Real Celery workers on PostgreSQL and Redis, and a simulated HubSpot as a process of its own.

The test process holds the database and seeds it; workers are started, killed and watched from outside.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import redis
import requests
from celery import Celery
from django.conf import settings
from django.db import connection as database
from django.utils.timezone import now
from pretix.base.models import InvoiceAddress, Order, OrderPosition
from pretix.base.models.datasync import OrderSyncQueue

from pretix_hubspot.models import PROVIDER
from pretix_hubspot.sync.queue import schedule
from tests.integration.sync.story import KEY

REDIS = os.environ.get("PRETIX_HUBSPOT_TEST_REDIS", "redis://127.0.0.1:6379/13")  # emptied before each test
LEASE = 10  # seconds; the shortest that the configuration allows
ROOT = Path(__file__).parents[2]
TROUBLE = re.compile(r"Traceback|raised unexpected|deadlock|CRITICAL", re.IGNORECASE)


class Portal:
    """A simulator behind a port, with what the engine's stage asks of one in process."""

    def __init__(self, url: str, service_key: str):
        self.url, self.service_key = url, service_key
        body = {"name": KEY, "label": KEY, "type": "string", "fieldType": "text", "groupName": "dealinformation"}
        headers = {"Authorization": f"Bearer {service_key}"}
        answer = requests.post(f"{url}/crm/v3/properties/deals", json=body | {"hasUniqueValue": True}, headers=headers)
        answer.raise_for_status()

    def ask(self, path: str, body: dict | None = None, method: str = "POST") -> dict:
        url = f"{self.url}/_simulator/{path}"
        answer = requests.get(url) if body is None else requests.request(method, url, json=body)
        answer.raise_for_status()
        return answer.json()

    def world(self, properties: dict) -> dict:
        return self.ask("world", {"properties": properties})

    def writes(self) -> dict[str, list[int]]:
        """How often each record was written, by object type."""
        found: dict[str, list[int]] = {}
        for entry in self.ask("writes")["writes"]:
            found.setdefault(entry["type"], []).append(entry["count"])
        return found


@contextmanager
def portal_process(*options: str):
    """``python -m hubspot_simulator`` on a free port."""
    command = [sys.executable, "-m", "hubspot_simulator", "--port", "0", "--switch", "property_lag_ms=0", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        yield Portal(re.search(r"http://[\d.:]+", line)[0], re.search(r"service key ([\w-]+)", line)[1])
    finally:
        process.kill()
        process.communicate()


class Workers:
    """One Celery worker with several processes, on the test's own database."""

    def __init__(self, directory: Path, portal: Portal, processes: int):
        self.log = directory / "worker.log"
        self.processes = processes
        self.app = Celery(broker=REDIS)
        self.app.conf.broker_transport_options = {
            "queue_order_strategy": "priority",
            "sep": ":",
            "priority_steps": [0, 4, 8],
        }
        self._environment = _environment(directory, portal)
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start, and wait until the worker says that it is ready."""
        before = self._said_ready()
        command = ["-m", "celery", "-A", "pretix.celery_app", "worker", "-c", str(self.processes), "-l", "INFO"]
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(lambda: self._process.poll() is not None or self._said_ready() > before, 60, "no worker gets ready")
        assert self._process.poll() is None, f"the worker ended at once: {self.log.read_text()[-2000:]}"

    def _said_ready(self) -> int:
        return self.log.read_text().count(" ready.") if self.log.exists() else 0

    def ring(self, task: str, *args: object) -> None:
        self.app.send_task(f"pretix_hubspot.tasks.{task}", args=args, queue="background")

    def kill_children(self) -> None:
        """SIGKILL to the processes that work; the parent starts new ones."""
        for pid in self._children():
            _kill(os.kill, pid)

    def kill(self) -> None:
        """SIGKILL to everything at once."""
        if self._process and self._process.poll() is None:
            _kill(os.killpg, self._process.pid)
            self._process.wait()

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def trouble(self) -> list[str]:
        """Lines of the log that no run may leave behind."""
        return [line for line in self.log.read_text().splitlines() if TROUBLE.search(line)]

    def _children(self) -> list[int]:
        pid = self._process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _kill(kill: Callable[[int, int], None], pid: int) -> None:
    try:
        kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # ended by itself


def _environment(directory: Path, portal: Portal) -> dict[str, str]:
    """pretix as in production, on this test's database, with this process's secret."""
    values = database.settings_dict
    return {name: value for name, value in os.environ.items() if not name.startswith("PRETIX_")} | {
        "DJANGO_SETTINGS_MODULE": "pretix.settings",
        "DATA_DIR": str(directory / "data"),
        "PRETIX_DATABASE_BACKEND": "postgresql",
        "PRETIX_DATABASE_NAME": values["NAME"],
        "PRETIX_DATABASE_USER": values["USER"],
        "PRETIX_DATABASE_PASSWORD": values["PASSWORD"],
        "PRETIX_DATABASE_HOST": values["HOST"],
        "PRETIX_DJANGO_SECRET": settings.SECRET_KEY,
        "PRETIX_PRETIX_ALLOW_HTTP_TO_PRIVATE_NETWORKS": "True",
        "PRETIX_PRETIX_DATADIR": str(directory / "data"),
        "PRETIX_REDIS_LOCATION": REDIS,
        "PRETIX_CELERY_BROKER": REDIS,
        "PRETIX_CELERY_BACKEND": REDIS,
        "PRETIX_HUBSPOT_API_URL": portal.url,
        "PRETIX_HUBSPOT_APP_URL": portal.url,
        "PRETIX_HUBSPOT_LEASE_SECONDS": str(LEASE),
        "PYTHONPATH": str(ROOT),
    }


def restart_redis() -> None:
    """Everything that Redis holds is gone, and everybody loses the connection."""
    server = redis.Redis.from_url(REDIS)
    server.flushdb()
    database_number = str(server.connection_pool.connection_kwargs["db"])
    own = server.client_id()
    for client in server.client_list():
        if client["db"] == database_number and int(client["id"]) != own:
            server.client_kill_filter(_id=client["id"])


def wait_for(condition: Callable[[], bool], seconds: float, complaint: str) -> float:
    """Poll until it holds; returns the seconds that took."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > seconds:
            raise AssertionError(complaint)
        time.sleep(0.2)
    return time.monotonic() - start


def waiting() -> int:
    """Rows of ours that are not done."""
    return OrderSyncQueue.objects.filter(sync_provider=PROVIDER).count()


def drain(workers: Workers, seconds: float) -> float:
    """Periods, each a few seconds after the other, until nothing waits."""
    rung = [0.0]

    def drained() -> bool:
        if time.monotonic() - rung[0] > 3:
            workers.ring("run_periodic")
            rung[0] = time.monotonic()
        return waiting() == 0

    left = list(OrderSyncQueue.objects.values_list("in_flight", "need_manual_retry", "failed_attempts")[:5])
    return wait_for(drained, seconds, f"{waiting()} rows are left, such as {left}")


def seed(story, numbers: range) -> None:
    """Orders with a buyer and an attendee each, in bulk, queued as if just placed."""
    channel = story.organizer.sales_channels.get(identifier="web")
    values = {
        "event": story.event,
        "status": Order.STATUS_PENDING,
        "datetime": now(),
        "expires": now() + timedelta(days=10),
        "total": Decimal("100.00"),
        "locale": "en",
        "sales_channel": channel,
        "organizer": story.organizer,
    }
    made = Order.objects.bulk_create(
        Order(code=f"A{n:04d}", email=f"buyer{n}@example.org", secret=f"s{n}", **values) for n in numbers
    )
    names = {"_scheme": "given_family", "given_name": "Grace", "family_name": "Seeded"}
    InvoiceAddress.objects.bulk_create(InvoiceAddress(order=order, name_parts=names) for order in made)
    item, money = story.event.items.get(), {"price": Decimal("100.00"), "tax_rate": 0, "tax_value": 0}
    OrderPosition.objects.bulk_create(
        OrderPosition(
            order=order,
            item=item,
            positionid=1,
            secret=f"s{n}",
            pseudonymization_id=f"P{n}",
            attendee_email=f"guest{n}@example.org",
            attendee_name_parts=names,
            organizer=story.organizer,
            **money,
        )
        for n, order in zip(numbers, made, strict=True)
    )
    OrderSyncQueue.objects.bulk_create(
        OrderSyncQueue(
            order=order, event=story.event, sync_provider=PROVIDER, triggered_by="order_placed", not_before=now()
        )
        for order in made
    )
    schedule.rebuild()


def expected(numbers: range) -> dict[str, list[dict]]:
    """Exactly this is in the portal once ``seed(story, numbers)`` arrived."""
    contacts, deals = [], []
    for n in numbers:
        key, people = f"ADA/CONF/A{n:04d}", [f"buyer{n}@example.org", f"guest{n}@example.org"]
        for email in people:
            contacts.append({"email": email, "lastname": "Seeded", "associations": {"deals": [key]}})
        deals.append({KEY: key, "dealname": f"CONF-A{n:04d}", "associations": {"contacts": people}})
    return {"contacts": sorted(contacts, key=lambda contact: contact["email"]), "deals": deals}


WORLD = {"contacts": ["email", "lastname"], "deals": [KEY, "dealname"]}
PERSONAL = re.compile(r"@example\.org|Seeded|Grace|pat-eu1-")

"""The functions of pretix core that we lean on, pinned by the hash of their source.

A failure here means that pretix changed something underneath us.
Read the change in pretix, look at the place named beside it, then add the new hash.
"""

import hashlib
import inspect

import pytest
from pretix.base.datasync import datasync, sourcefields
from pretix.base.models import datasync as models
from pretix.base.models.log import LogEntry
from pretix.base.services import datasync as services
from pretix.control.forms import mapping
from pretix.control.views import datasync as views

pytestmark = pytest.mark.contract

#: what we lean on -> (where to look when it changes, known hashes: oldest and newest supported pretix)
PINS = {
    "enqueue_order": (datasync.OutboundSyncProvider.enqueue_order, "sync/provider.py: enqueue_order"),
    "sync_queued_orders": (datasync.OutboundSyncProvider.sync_queued_orders, "sync/engine.py: result and log contract"),
    "sync_object": (datasync.OutboundSyncProvider.sync_object, "sync/run/results.py: result rows"),
    "run_sync": (services.run_sync, "sync/provider.py: who calls us, and with which rows"),
    "sync_all": (services.sync_all.run, "sync/queue.py: which rows core picks"),
    "periodic_reset_in_flight": (services.periodic_reset_in_flight, "sync/jobs.py: the lease must be shorter"),
    "set_sync_error": (models.OrderSyncQueue.set_sync_error, "sync/run/history.py: failure entries"),
    "clear_in_flight": (models.OrderSyncQueue.clear_in_flight, "sync/jobs.py: siblings"),
    "to_result_dict": (models.OrderSyncResult.to_result_dict, "sync/run/history.py: success entries"),
    "ControlSyncJob": (views.ControlSyncJob, "sync/provider.py: Sync now, Retry now, Cancel"),
    "on_control_order_info": (views.on_control_order_info, "sync/run/results.py: what the panel shows"),
    "FailedSyncJobsView": (views.FailedSyncJobsView, "sync/jobs.py: retry and cancel of problems"),
    "PropertyMappingFormSet": (mapping.PropertyMappingFormSet, "forms/: the editor's formset"),
    "get_data_fields": (sourcefields.get_data_fields, "fields/core.py: which getters query"),
    "get_answer": (sourcefields.get_answer, "fields/core.py: answers of add-ons"),
    "bulk_create_and_postprocess": (LogEntry.bulk_create_and_postprocess, "sync/engine.py: log entries in bulk"),
}
HASHES: dict[str, set[str]] = {
    "enqueue_order": {"345d0f8c20152e23"},
    "sync_queued_orders": {"a5dc1424d021f423", "e45ee09f28b3d2de"},
    "sync_object": {"6b845cad3afd298b"},
    "run_sync": {"03c3a547ff8b3db9"},
    "sync_all": {"206590a34d5a56c5"},
    "periodic_reset_in_flight": {"af7af0477ba4f37a"},
    "set_sync_error": {"66af5de41609af0c"},
    "clear_in_flight": {"ed033d00d89b6e6a"},
    "to_result_dict": {"e6fa5b4aea1929b0"},
    "ControlSyncJob": {"7c0722137adf633a"},
    "on_control_order_info": {"5f4a9de2a5b81f65"},
    "FailedSyncJobsView": {"7f050c7b3697d1f3"},
    "PropertyMappingFormSet": {"b25d01a47169de32"},
    "get_data_fields": {"b3de1545d697ed3b", "a4071bdd8467c6e0"},
    "get_answer": {"1ae4cee8f1dede85"},
    "bulk_create_and_postprocess": {"a45ee24bc5f75ddc"},
}


def source_hash(thing):
    """A short hash of the source, blind to indentation and blank lines."""
    lines = [line.strip() for line in inspect.getsource(thing).splitlines() if line.strip()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", PINS)
def test_core_is_what_we_built_on(name):
    thing, look_at = PINS[name]
    found = source_hash(thing)
    assert found in HASHES[name], f"pretix changed {name} (now {found}); look at {look_at}"

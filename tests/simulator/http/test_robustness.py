"""No request, however odd, makes the simulator fall over: its bugs must not look like HubSpot's."""

import random

import pytest

from hubspot_simulator.dispatch import ROUTER

VALUES = [None, True, 0, -1, 1.5, "", "x", "a@example.org", [], {}, [1], [None], ["x"], {"id": "1"}, {"id": None},
          [{"id": "1"}], [{"id": "1", "properties": {}}], [{"properties": {"email": None}}],
          [{"from": {"id": "1"}, "to": {"id": "2"}, "types": [{}]}], {"a": "b"}, {"email": ["x"]}]  # fmt: skip
KEYS = ["inputs", "properties", "associations", "id", "idProperty", "filterGroups", "sorts", "limit", "after", "query",
        "name", "label", "type", "fieldType", "groupName", "options", "displayOrder", "stages", "metadata",
        "primaryObjectId", "objectIdToMerge", "objectId", "archived", "dataSensitivity", "propertiesWithHistory",
        "associationTypeId", "inverseLabel"]  # fmt: skip
PREFIX = {
    "objects": "/crm/objects",
    "associations": "/crm/associations",
    "properties": "/crm/properties",
    "property-validations": "/crm/property-validations",
    "pipelines": "/crm/pipelines",
    "owners": "/crm/owners",
    "limits": "/crm/limits",
    "object-library": "/crm/object-library",
    "schemas": "/crm-object-schemas",
    "account-info": "/account-info",
    "appinstalls": "/appinstalls",
}
SEGMENTS = {"type": "deals", "from": "deals", "to": "contacts", "pipeline": "default", "stage": "closedwon"}


def paths():
    for family, routes in ROUTER.by_family.items():
        for route in routes:
            parts = [SEGMENTS.get(part[1:-1], "1") if part.startswith("{") else part for part in route.pattern]
            between = ["V", "schemas"] if family == "schemas" else ["V"]
            yield route.method, "/".join([PREFIX[family], *between, *parts])


@pytest.mark.parametrize(("method", "path"), sorted(set(paths())))
def test_odd_bodies(api, sim, method, path):
    chance = random.Random(path)
    sim.switches.unknown_keys = "ignore"
    sim.record("deals", dealname="D", dealstage="closedwon")
    for _ in range(20):
        body = {key: chance.choice(VALUES) for key in chance.sample(KEYS, chance.choice([8, len(KEYS)]))}
        answer = api(method, path, chance.choice([body, body, body, chance.choice(VALUES)]))
        assert answer.status_code < 500, (answer.text, sim.bugs)

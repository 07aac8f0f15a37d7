"""Reads a portal through HubSpot's public API, and through nothing else; knows neither the plugin nor the simulator."""

import time

import requests

VERSION = "2026-03"
BATCH = 100
PAGES = 50  # a portal with more than 5,000 records of a type is too large to be read as a whole
PATIENCE = 10  # seconds between two attempts when HubSpot asks to slow down


class Portal:
    """Read access to one portal with one token."""

    def __init__(self, api_url, token):
        self.api_url = api_url.rstrip("/")
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def find(self, object_type, id_property, values, properties):
        """``{value: record}`` for those of ``values`` that exist."""
        found = {}
        values = sorted(set(values))
        for start in range(0, len(values), BATCH):
            answer = self._post(
                f"/crm/objects/{VERSION}/{object_type}/batch/read",
                idProperty=id_property,
                properties=[id_property, *properties],
                inputs=[{"id": value} for value in values[start : start + BATCH]],
            )
            for record in answer["results"]:
                found[record["properties"][id_property]] = record
        return found

    def everything(self, object_type, wanted_property):
        """The value of one property of every record, or None if the portal is too large for that."""
        values, after = [], None
        for _ in range(PAGES):
            parameters = {"limit": BATCH, "properties": wanted_property} | ({"after": after} if after else {})
            answer = self._get(f"/crm/objects/{VERSION}/{object_type}", parameters)
            values += [record["properties"].get(wanted_property) or "" for record in answer["results"]]
            after = answer.get("paging", {}).get("next", {}).get("after")
            if not after:
                return values
        return None

    def has_property(self, object_type, name):
        return any(
            found["name"] == name for found in self._get(f"/crm/properties/{VERSION}/{object_type}", {})["results"]
        )

    def associated(self, from_type, to_type, ids):
        """``{id: {ids of the other type}}``"""
        linked = {identifier: set() for identifier in ids}
        if not linked:  # HubSpot refuses an empty batch
            return linked
        answer = self._post(
            f"/crm/associations/{VERSION}/{from_type}/{to_type}/batch/read", inputs=[{"id": one} for one in ids]
        )
        for result in answer["results"]:
            linked[str(result["from"]["id"])] |= {str(to["toObjectId"]) for to in result["to"]}
        return linked

    def stages(self):
        """The deal stage in which a pending, a paid and a canceled order belongs, in the default pipeline."""
        pipelines = self._get(f"/crm/pipelines/{VERSION}/deals", {})["results"]
        pipeline = next((one for one in pipelines if one["id"] == "default"), pipelines[0])
        stages = sorted(pipeline["stages"], key=lambda stage: stage["displayOrder"])
        by_chance = [(float(stage["metadata"].get("probability") or 0.5), stage["id"]) for stage in stages]
        return {
            "pending": next(stage for chance, stage in by_chance if 0 < chance < 1),
            "paid": next(stage for chance, stage in by_chance if chance == 1),
            "canceled": next(stage for chance, stage in by_chance if chance == 0),
        }

    def _get(self, path, parameters):
        return self._ask("get", path, params=parameters)

    def _post(self, path, **body):
        return self._ask("post", path, json=body)

    def _ask(self, method, path, **content):
        """One request, repeated when HubSpot says that it was one too many; unknown ids (207) are no error here."""
        for _ in range(6):
            answer = self.session.request(method, self.api_url + path, timeout=60, **content)
            if answer.status_code != requests.codes.too_many_requests:
                break
            time.sleep(PATIENCE)
        if answer.status_code not in (200, 207):
            raise RuntimeError(f"{path} answered {answer.status_code}: {answer.text[:300]}")
        return answer.json()

"""Pipelines and stages (hubspot.md 8)."""

from hubspot_simulator.clock import iso
from hubspot_simulator.http import reading
from hubspot_simulator.http.request import Call, Reply
from hubspot_simulator.http.routing import Routes
from hubspot_simulator.problems import invalid

from .state import Pipeline, Stage

ROUTES = Routes()
STAGE = ("label", "displayOrder", "stageId", "metadata")
CHECKS = ("validateReferencesBeforeDelete", "validateDealStageUsagesBeforeDelete")


def require(call: Call, writing: bool = False) -> None:
    kind = call.kind
    if kind.name == "orders":
        call.require(
            f"crm.pipelines.orders.{'write' if writing else 'read'}",
            *(kind.schema_scopes if writing else (*kind.read_scopes, *kind.write_scopes)),
        )
        return
    call.require(*(kind.schema_scopes if writing else (*kind.read_scopes, *kind.write_scopes)))


@ROUTES.add("GET", "pipelines", "{type}", "pipelines")
def list_pipelines(call: Call) -> Reply:
    require(call)
    found = call.portal.pipelines.listed(call.kind.name)
    return Reply(200, {"results": [_pipeline_body(entry) for entry in found]})


@ROUTES.add("POST", "pipelines", "{type}", "pipelines")
def create_pipeline(call: Call) -> Reply:
    require(call, writing=True)
    body = call.take(call.body, ("label", "displayOrder", "pipelineId", "stages"), ("label", "displayOrder", "stages"))
    stages = [_stage(call, item) for item in reading.listed(body["stages"], "stages")]
    label, order = reading.text(body["label"], "label"), reading.order(body["displayOrder"])
    wanted = Pipeline(_own_id(body, "pipelineId", 36), label, order, stages)
    return Reply(201, _pipeline_body(call.portal.pipelines.create(call.kind.name, wanted)))


@ROUTES.add("GET", "pipelines", "{type}/{pipeline}", "pipelines")
def get_pipeline(call: Call) -> Reply:
    require(call)
    return Reply(200, _pipeline_body(call.portal.pipelines.get(call.kind.name, call.params["pipeline"])))


@ROUTES.add("PATCH", "pipelines", "{type}/{pipeline}", "pipelines", CHECKS)
def change_pipeline(call: Call) -> Reply:
    require(call, writing=True)
    body = call.take(call.body, ("label", "displayOrder", "archived"), ())
    entry = call.portal.pipelines.get(call.kind.name, call.params["pipeline"])
    entry.label = str(body.get("label", entry.label))
    entry.display_order = reading.order(body.get("displayOrder", entry.display_order))
    return Reply(200, _pipeline_body(entry))


@ROUTES.add("PUT", "pipelines", "{type}/{pipeline}", "pipelines", CHECKS)
def replace_pipeline(call: Call) -> Reply:
    require(call, writing=True)
    names = ("label", "displayOrder", "stages")
    body = call.take(call.body, (*names, "pipelineId"), names)
    stages = [_stage(call, item) for item in reading.listed(body["stages"], "stages")]
    label, order = reading.text(body["label"], "label"), reading.order(body["displayOrder"])
    return Reply(
        200,
        _pipeline_body(call.portal.pipelines.replace(call.kind.name, call.params["pipeline"], label, order, stages)),
    )


@ROUTES.add("DELETE", "pipelines", "{type}/{pipeline}", "pipelines", CHECKS)
def delete_pipeline(call: Call) -> Reply:
    require(call, writing=True)
    entry = call.portal.pipelines.get(call.kind.name, call.params["pipeline"])
    if any(call.flag(name) for name in CHECKS):
        _refuse_used(call, entry.stages)
    call.portal.pipelines.delete(call.kind.name, entry.id)
    return Reply(204)


@ROUTES.add("GET", "pipelines", "{type}/{pipeline}/audit", "pipelines")
def audit(call: Call) -> Reply:
    """Always empty: nobody audits a simulated portal."""
    require(call)
    call.portal.pipelines.get(call.kind.name, call.params["pipeline"])
    return Reply(200, {"results": []})


@ROUTES.add("GET", "pipelines", "{type}/{pipeline}/stages", "pipelines")
def list_stages(call: Call) -> Reply:
    require(call)
    entry = call.portal.pipelines.get(call.kind.name, call.params["pipeline"])
    return Reply(200, {"results": _pipeline_body(entry)["stages"]})


@ROUTES.add("POST", "pipelines", "{type}/{pipeline}/stages", "pipelines")
def create_stage(call: Call) -> Reply:
    require(call, writing=True)
    entry = call.portal.pipelines.add_stage(call.kind.name, call.params["pipeline"], _stage(call, call.body))
    return Reply(201, _stage_body(entry))


@ROUTES.add("GET", "pipelines", "{type}/{pipeline}/stages/{stage}", "pipelines")
def get_stage(call: Call) -> Reply:
    require(call)
    return Reply(
        200,
        _stage_body(call.portal.pipelines.get_stage(call.kind.name, call.params["pipeline"], call.params["stage"])),
    )


@ROUTES.add("PATCH", "pipelines", "{type}/{pipeline}/stages/{stage}", "pipelines")
@ROUTES.add("PUT", "pipelines", "{type}/{pipeline}/stages/{stage}", "pipelines")
def change_stage(call: Call) -> Reply:
    require(call, writing=True)
    body = call.take(call.body, ("label", "displayOrder", "metadata", "archived"), ("metadata",))
    changes: dict[str, object] = {"metadata": reading.properties(body["metadata"], "metadata")}
    if "label" in body:
        changes["label"] = reading.text(body["label"], "label")
    if "displayOrder" in body:
        changes["display_order"] = reading.order(body["displayOrder"])
    return Reply(
        200,
        _stage_body(
            call.portal.pipelines.change_stage(call.kind.name, call.params["pipeline"], call.params["stage"], **changes)
        ),
    )


@ROUTES.add("DELETE", "pipelines", "{type}/{pipeline}/stages/{stage}", "pipelines")
def delete_stage(call: Call) -> Reply:
    require(call, writing=True)
    used = call.portal.stage_in_use(call.kind.name, call.params["stage"])
    call.portal.pipelines.delete_stage(call.kind.name, call.params["pipeline"], call.params["stage"], used)
    return Reply(204)


def _refuse_used(call: Call, stages: list[Stage]) -> None:
    for stage in stages:
        if call.portal.stage_in_use(call.kind.name, stage.id):
            call.portal.pipelines.delete_stage(call.kind.name, call.params["pipeline"], stage.id, in_use=True)


def _own_id(body: dict, name: str, longest: int) -> str:
    wanted = str(body.get(name) or "")
    if len(wanted) > longest:
        raise invalid(f"{name} must not be longer than {longest} characters")
    return wanted


def _stage(call: Call, raw: object) -> Stage:
    body = call.take(raw, STAGE, ("label", "displayOrder"))
    metadata = reading.properties({} if body.get("metadata") is None else body["metadata"], "metadata")
    label, order = reading.text(body["label"], "label"), reading.order(body["displayOrder"])
    return Stage(_own_id(body, "stageId", 100), label, order, metadata)


def _stage_body(entry: Stage) -> dict:
    return {
        "id": entry.id,
        "label": entry.label,
        "displayOrder": entry.display_order,
        "metadata": dict(entry.metadata),
        "createdAt": iso(entry.created_at),
        "updatedAt": iso(entry.updated_at),
        "archived": False,
        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
    }


def _pipeline_body(entry: Pipeline) -> dict:
    return {
        "id": entry.id,
        "label": entry.label,
        "displayOrder": entry.display_order,
        "stages": [_stage_body(one) for one in sorted(entry.stages, key=lambda one: one.display_order)],
        "createdAt": iso(entry.created_at),
        "updatedAt": iso(entry.updated_at),
        "archived": False,
    }

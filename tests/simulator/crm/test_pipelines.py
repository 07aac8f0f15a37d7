"""Pipelines and stages (hubspot.md 8)."""

import pytest

DEALS, PIPELINES = "/crm/objects/V/deals", "/crm/pipelines/V/deals"
TICKETING = {
    "label": "Ticketing",
    "displayOrder": 1,
    "pipelineId": "ticketing",
    "stages": [
        {"label": "Pending", "displayOrder": 0, "stageId": "pending", "metadata": {"probability": "0.5"}},
        {"label": "Paid", "displayOrder": 1, "stageId": "paid", "metadata": {"probability": "1.0", "surprise": "x"}},
    ],
}


@pytest.fixture
def ticketing(api):
    made = api.post(PIPELINES, TICKETING)
    assert made.status_code == 201, made.text
    return made.json()


def deal(**properties):
    return {"properties": {"dealname": "D", **properties}}


def test_own_ids_are_honoured_and_closed_is_derived(ticketing):
    assert ticketing["id"] == "ticketing"
    assert ticketing["stages"][1]["id"] == "paid"
    assert ticketing["stages"][1]["metadata"] == {"probability": "1.0", "isClosed": "true"}


def test_a_stage_must_be_of_the_pipeline(api, sim, ticketing):
    assert api.post(DEALS, deal(pipeline="ticketing", dealstage="paid")).status_code == 201
    for properties in (
        {"pipeline": "ticketing", "dealstage": "closedwon"},
        {"dealstage": "paid"},
        {"dealstage": "nowhere"},
    ):
        refused = api.post(DEALS, deal(**properties))
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "INVALID_OPTION")
    sim.switches.stage_mismatch = "accept"
    assert api.post(DEALS, deal(pipeline="ticketing", dealstage="closedwon")).status_code == 201


def test_an_update_without_pipeline_assumes_the_default_one(api, sim, ticketing):
    record = api.post(DEALS, deal(pipeline="ticketing", dealstage="pending")).json()["id"]
    assert api.patch(f"{DEALS}/{record}", {"properties": {"dealstage": "paid"}}).status_code == 400
    sim.switches.pipeline_omitted = "current"
    assert api.patch(f"{DEALS}/{record}", {"properties": {"dealstage": "paid"}}).status_code == 200
    assert sim.world({"deals": ["pipeline", "dealstage", "hs_is_closed_won", "closedate"]})["deals"] == [
        {"pipeline": "ticketing", "dealstage": "paid", "hs_is_closed_won": "true", "closedate": "2026-11-21T11:00:00Z"}
    ]


def test_a_stage_in_use_stays_and_an_absent_one_is_deleted_in_peace(api, sim, ticketing):
    api.post(DEALS, deal(pipeline="ticketing", dealstage="paid"))
    refused = api.delete(f"{PIPELINES}/ticketing/stages/paid")
    assert refused.json()["subCategory"] == "PipelineError.STAGE_ID_IN_USE"
    assert api.delete(f"{PIPELINES}/ticketing/stages/nowhere").status_code == 204
    sim.people.delete_stage("deals", "ticketing", "paid")
    assert api.post(DEALS, deal(pipeline="ticketing", dealstage="paid")).status_code == 400


def test_put_drops_what_is_not_listed(api, ticketing):
    body = {key: TICKETING[key] for key in ("label", "displayOrder")} | {"stages": TICKETING["stages"][:1]}
    assert len(api.put(f"{PIPELINES}/ticketing", body).json()["stages"]) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"label": "Sales Pipeline"},
        {"pipelineId": "x" * 37},
        {"stages": [{"label": "A", "displayOrder": 0, "metadata": {"probability": "0.55"}}]},
    ],
)
def test_bad_pipelines_are_refused(api, change):
    assert api.post(PIPELINES, TICKETING | change).status_code == 400


def test_a_free_account_has_one_pipeline(api, sim):
    sim.people.change_account(tier="free")
    assert api.post(PIPELINES, TICKETING).status_code == 403


def test_orders_get_the_first_stage_by_themselves(api, sim):
    made = api.post("/crm/objects/V/orders", {"properties": {"hs_order_name": "A"}}).json()["properties"]
    pipeline = api.get("/crm/pipelines/V/orders").json()["results"][0]
    assert (made["hs_pipeline"], made["hs_pipeline_stage"]) == (pipeline["id"], pipeline["stages"][0]["id"])
    assert pipeline["stages"][0]["metadata"]["state"] == "OPEN"


def test_currencies(api, sim):
    assert api.post(DEALS, deal(dealstage="closedwon", deal_currency_code="CHF")).status_code == 201
    refused = api.post(DEALS, deal(dealstage="closedwon", deal_currency_code="JPY"))
    assert refused.json()["errors"][0]["code"] == "INVALID_OPTION"

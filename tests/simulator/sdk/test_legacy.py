"""HubSpot's old client, on the v1, v3 and v4 paths."""

import pytest

pytest.importorskip("hubspot")
from hubspot import HubSpot
from hubspot.crm import associations, contacts, deals, objects, pipelines, properties

pytestmark = pytest.mark.contract


@pytest.fixture
def sdk(sim, url):
    return HubSpot(access_token=sim.service_key, host=url)


def test_contacts(sdk, sim):
    batch = sdk.crm.contacts.batch_api
    made = batch.create(
        contacts.BatchInputSimplePublicObjectBatchInputForCreate(
            inputs=[
                contacts.SimplePublicObjectBatchInputForCreate(
                    properties={"email": f"{name}@example.org", "firstname": name}, associations=[]
                )
                for name in ("ada", "bob")
            ]
        )
    )
    ids = {result.properties["email"]: result.id for result in made.results}
    read = batch.read(
        contacts.BatchReadInputSimplePublicObjectId(
            properties=["firstname"],
            properties_with_history=[],
            id_property="email",
            inputs=[contacts.SimplePublicObjectId(id="ada@example.org")],
        )
    )
    assert read.results[0].properties["firstname"] == "ada"
    batch.update(
        contacts.BatchInputSimplePublicObjectBatchInput(
            inputs=[contacts.SimplePublicObjectBatchInput(id=ids["bob@example.org"], properties={"city": "Kingston"})]
        )
    )
    upserted = batch.upsert(
        contacts.BatchInputSimplePublicObjectBatchInputUpsert(
            inputs=[
                contacts.SimplePublicObjectBatchInputUpsert(
                    id="bob@example.org", id_property="email", properties={"firstname": "Robert"}
                )
            ]
        )
    )
    assert upserted.results[0].new is False
    batch.archive(
        contacts.BatchInputSimplePublicObjectId(inputs=[contacts.SimplePublicObjectId(id=ids["ada@example.org"])])
    )
    single = sdk.crm.contacts.basic_api.get_by_id(ids["bob@example.org"], properties=["city", "firstname"])
    assert single.properties["city"] == "Kingston"
    sim.clock.advance(10)
    found = sdk.crm.contacts.search_api.do_search(
        contacts.PublicObjectSearchRequest(
            filter_groups=[
                contacts.FilterGroup(
                    filters=[contacts.Filter(property_name="email", operator="EQ", value="bob@example.org")]
                )
            ],
            properties=["email"],
            sorts=[],
            limit=10,
            after="0",
            query="",
        )
    )
    assert found.total == 1


def test_conflict_names_the_existing_record(sdk):
    body = contacts.SimplePublicObjectInputForCreate(properties={"email": "a@example.org"}, associations=[])
    made = sdk.crm.contacts.basic_api.create(body)
    with pytest.raises(contacts.ApiException) as caught:
        sdk.crm.contacts.basic_api.create(body)
    assert caught.value.status == 409
    assert f"Existing ID: {made.id}" in caught.value.body


def test_deals_and_associations(sdk):
    person = sdk.crm.contacts.basic_api.create(
        contacts.SimplePublicObjectInputForCreate(properties={"email": "a@example.org"}, associations=[])
    )
    deal = sdk.crm.deals.basic_api.create(
        deals.SimplePublicObjectInputForCreate(properties={"dealname": "A", "dealstage": "closedwon"}, associations=[])
    )
    linking = sdk.crm.associations.v4
    linking.basic_api.create_default("deals", deal.id, "contacts", person.id)
    page = linking.basic_api.get_page("deals", deal.id, "contacts")
    assert [entry.to_object_id for entry in page.results] == [person.id]
    v4 = associations.v4
    read = linking.batch_api.get_page(
        "deals",
        "contacts",
        v4.BatchInputPublicFetchAssociationsBatchRequest(inputs=[v4.PublicFetchAssociationsBatchRequest(id=deal.id)]),
    )
    assert read.results[0].to[0].association_types[0].type_id == 3
    linking.basic_api.archive("deals", deal.id, "contacts", person.id)
    assert linking.basic_api.get_page("deals", deal.id, "contacts").results == []


def test_schema(sdk, sim):
    sdk.crm.properties.core_api.create(
        "deals",
        properties.PropertyCreate(
            name="pretix_code", label="Code", type="string", field_type="text", group_name="dealinformation"
        ),
    )
    sim.clock.advance(1)
    assert sdk.crm.properties.core_api.get_by_name("deals", "pretix_code").label == "Code"
    assert len(sdk.crm.properties.core_api.get_all("contacts").results) > 60
    assert sdk.crm.pipelines.pipelines_api.get_all("deals").results[0].id == "default"
    with pytest.raises(pipelines.ApiException):
        sdk.crm.pipelines.pipelines_api.get_by_id("deals", "nope")
    assert len(sdk.crm.owners.owners_api.get_page().results) == 2
    assert sdk.crm.objects.basic_api.create(
        "event_sessions",
        objects.SimplePublicObjectInputForCreate(properties={"session_name": "Opening"}, associations=[]),
    ).id


def test_oauth(sdk, sim, url):
    code = sim.auth.authorise(sim.auth.apps["simulator-client-id"], sim.portal.id, ["oauth"], "https://example.org/cb")
    app = {"client_id": "simulator-client-id", "client_secret": "simulator-client-secret"}
    first = sdk.oauth.tokens_api.create(
        grant_type="authorization_code", code=code, redirect_uri="https://example.org/cb", **app
    )
    assert first.expires_in == 1800
    assert sdk.oauth.access_tokens_api.get(first.access_token).hub_id == sim.portal.id
    assert sdk.oauth.refresh_tokens_api.get(first.refresh_token).client_id == "simulator-client-id"
    sdk.oauth.refresh_tokens_api.archive(first.refresh_token)
    assert all(first.access_token not in entry.path and first.refresh_token not in entry.path for entry in sim.requests)

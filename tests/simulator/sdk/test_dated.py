"""HubSpot's new SDK, which checks every answer against HubSpot's own specification, drives the simulator.

The SDK's models forbid null property values although HubSpot sends them, so every contact here has all three
default properties set.
"""

import pytest

hubspot_sdk = pytest.importorskip("hubspot_sdk")
pytestmark = pytest.mark.contract

ADA = {"email": "ada@example.org", "firstname": "Ada", "lastname": "Lovelace"}
BOB = {"email": "bob@example.org", "firstname": "Bob", "lastname": "Marley"}


@pytest.fixture
def sdk(sim, url):
    return hubspot_sdk.HubSpot(
        access_token=sim.service_key, base_url=url, max_retries=0, _strict_response_validation=True
    )


def inputs(*properties):
    return [{"properties": one, "objectWriteTraceId": str(number)} for number, one in enumerate(properties)]


def test_batches_of_contacts(sdk, sim):
    made = sdk.crm.objects.contacts.batch.create(inputs=inputs(ADA, BOB))
    assert made.status == "COMPLETE"
    ids = {result.object_write_trace_id: result.id for result in made.results}
    read = sdk.crm.objects.contacts.batch.get(
        inputs=[{"id": "ADA@example.org"}],
        properties=["email", "firstname"],
        properties_with_history=["email"],
        id_property="email",
    )
    assert read.results[0].id == ids["0"]
    assert read.results[0].properties["firstname"] == "Ada"
    assert read.results[0].properties_with_history["email"][0].source_type == "INTEGRATION"
    sdk.crm.objects.contacts.batch.update(inputs=[{"id": ids["1"], "properties": {"firstname": "Robert"}}])
    upserted = sdk.crm.objects.contacts.batch.upsert(
        inputs=[
            {"id": "bob@example.org", "id_property": "email", "properties": {"city": "Kingston"}},
            {
                "id": "new@example.org",
                "id_property": "email",
                "properties": {"email": "new@example.org", "firstname": "New", "lastname": "Wave"},
            },
        ]
    )
    assert {result.properties["email"]: result.new for result in upserted.results} == {
        "bob@example.org": False,
        "new@example.org": True,
    }
    sdk.crm.objects.contacts.batch.delete(inputs=[{"id": ids["0"]}, {"id": "999"}])
    assert sim.world({"contacts": ["email", "firstname", "city"]}) == {
        "contacts": [
            {"email": "bob@example.org", "firstname": "Robert", "city": "Kingston"},
            {"email": "new@example.org", "firstname": "New", "city": None},
        ]
    }


def test_single_records_and_merge(sdk):
    contacts = sdk.crm.objects.contacts
    ada = contacts.create(properties=ADA, associations=[])
    bob = contacts.create(properties=BOB, associations=[])
    assert contacts.get(ada.id).properties["email"] == "ada@example.org"
    assert [entry.id for entry in contacts.list(limit=1)] == [ada.id, bob.id]
    assert contacts.update(ada.id, properties={"city": "London"}).properties["city"] == "London"
    merged = contacts.merge(primary_object_id=ada.id, object_id_to_merge=bob.id)
    assert merged.id not in (ada.id, bob.id)
    assert contacts.get(bob.id).id == merged.id
    contacts.delete(merged.id)
    with pytest.raises(hubspot_sdk.NotFoundError):
        contacts.get(merged.id)
    contacts.gdpr_delete(object_id="gone@example.org", id_property="email")


def test_search_sees_writes_after_the_lag(sdk, sim):
    sdk.crm.objects.contacts.create(properties=ADA, associations=[])

    def search():
        return sdk.crm.objects.contacts.search(
            filter_groups=[{"filters": [{"property_name": "email", "operator": "EQ", "value": "ada@example.org"}]}],
            properties=["email"],
            sorts=[],
            limit=10,
            after="0",
        )

    assert search().total == 0
    sim.clock.advance(sim.switches.search_lag_s)
    assert search().results[0].properties["email"] == "ada@example.org"


def test_deals_pipelines_and_associations(sdk):
    ada = sdk.crm.objects.contacts.create(properties=ADA, associations=[])
    deal = sdk.crm.objects.deals.create(
        properties={"dealname": "Order A", "pipeline": "default", "dealstage": "closedwon", "amount": "12.50"},
        associations=[
            {"to": {"id": ada.id}, "types": [{"association_category": "HUBSPOT_DEFINED", "association_type_id": 3}]}
        ],
    )
    linked = sdk.crm.associations.list(to_object_type="contacts", object_type="deals", object_id=deal.id)
    assert [entry.to_object_id for entry in linked] == [ada.id]
    sdk.crm.associations.batch.create(
        from_object_type="deals",
        to_object_type="contacts",
        inputs=[
            {
                "from": {"id": deal.id},
                "to": {"id": ada.id},
                "types": [{"association_category": "HUBSPOT_DEFINED", "association_type_id": 3}],
            }
        ],
    )
    both = sdk.crm.associations.batch.create_default(
        from_object_type="deals", to_object_type="contacts", inputs=[{"from": {"id": deal.id}, "to": {"id": ada.id}}]
    )
    assert len(both.results) == 2
    read = sdk.crm.associations.batch.get(from_object_type="deals", to_object_type="contacts", inputs=[{"id": deal.id}])
    assert read.results[0].to[0].association_types[0].type_id == 3
    sdk.crm.associations.batch.delete(
        from_object_type="deals", to_object_type="contacts", inputs=[{"from": {"id": deal.id}, "to": [{"id": ada.id}]}]
    )
    pipelines = sdk.crm.pipelines.list("deals")
    assert pipelines.results[0].stages[0].id == "appointmentscheduled"
    made = sdk.crm.pipelines.create(
        "deals",
        label="Tickets",
        display_order=1,
        stages=[{"label": "Paid", "display_order": 0, "metadata": {"probability": "1.0"}}],
    )
    assert sdk.crm.pipelines.get(made.id, object_type="deals").stages[0].metadata["isClosed"] == "true"
    sdk.crm.pipelines.create_stage(
        made.id, object_type="deals", label="Open", display_order=1, metadata={"probability": "0.2"}
    )
    sdk.crm.pipelines.delete(made.id, object_type="deals")


def test_association_labels(sdk):
    labels = sdk.crm.associations_schema.labels
    made = labels.create_label(to_object_type="contacts", from_object_type="deals", label="Attendee", name="attendee")
    assert len({entry.type_id for entry in made.results}) == 2
    assert "Attendee" in [
        entry.label for entry in labels.list_labels(to_object_type="contacts", from_object_type="deals").results
    ]


def test_properties_and_groups(sdk, sim):
    sdk.crm.properties.groups.create("deals", name="pretix", label="pretix")
    made = sdk.crm.properties.create(
        "deals",
        name="pretix_order_key",
        label="Order key",
        type="string",
        field_type="text",
        group_name="pretix",
        has_unique_value=True,
    )
    assert made.has_unique_value
    sim.clock.advance(1)
    names = {entry.name for entry in sdk.crm.properties.list("deals").results}
    assert {"pretix_order_key", "dealname", "amount"} <= names
    sdk.crm.properties.batch.create(
        "contacts",
        inputs=[
            {
                "name": "ticket",
                "label": "Ticket",
                "type": "enumeration",
                "field_type": "checkbox",
                "group_name": "contactinformation",
                "options": [{"label": "VIP", "value": "vip", "display_order": 0, "hidden": False}],
            }
        ],
    )
    sim.clock.advance(1)
    read = sdk.crm.properties.batch.get(
        "contacts", archived=False, data_sensitivity="non_sensitive", inputs=[{"name": "ticket"}]
    )
    assert [option.value for option in read.results[0].options] == ["vip"]
    changed = sdk.crm.properties.update("ticket", object_type="contacts", label="Kind of ticket")
    assert changed.label == "Kind of ticket"
    sdk.crm.properties.delete("ticket", object_type="contacts")


def test_account_owners_and_limits(sdk):
    details = sdk.account.get()
    assert (details.ui_domain, details.time_zone, details.company_currency) == (
        "app-eu1.hubspot.com",
        "Europe/Berlin",
        "EUR",
    )
    assert sdk.account.get_daily_private_apps_usage().results[0].current_usage > 0
    assert {owner.email for owner in sdk.crm.owners.list()} == {
        "erika.muster@example.org",
        "jonas.beispiel@example.org",
    }
    assert sdk.crm.owners.get(610048101).first_name == "Erika"
    assert sdk.crm.limits.get_custom_property_limits().overall_limit == 10_000
    assert sdk.crm.limits.get_pipeline_limits().hubspot_defined_object_types[0].usage == 1
    sdk.crm.limits.get_custom_object_type_limits()
    sdk.crm.limits.get_calculated_property_limits()
    sdk.crm.limits.get_association_label_limits()
    enabled = sdk.crm.object_library.enablement.get_all()
    assert enabled.enablement_by_object_type_id["0-123"] is True
    assert sdk.crm.object_library.enablement.get_by_object_type_id("0-1").enablement is True


def test_custom_objects(sdk):
    schemas = sdk.crm.object_schemas.list().results
    assert [(schema.name, schema.required_properties) for schema in schemas] == [("event_session", ["session_name"])]
    made = sdk.crm.objects.generic_objects.create(
        schemas[0].object_type_id, properties={"session_name": "Opening"}, associations=[]
    )
    read = sdk.crm.objects.generic_objects.get(made.id, object_type="event_session", properties=["session_name"])
    assert read.properties["session_name"] == "Opening"


def test_oauth(sdk, sim, url):
    grant = sim.auth.authorise(
        sim.auth.apps["simulator-client-id"], sim.portal.id, ["crm.objects.contacts.read"], "https://example.org/cb"
    )
    app = {"client_id": "simulator-client-id", "client_secret": "simulator-client-secret"}
    first = sdk.auth.oauth.create_token(
        grant_type="authorization_code", code=grant, redirect_uri="https://example.org/cb", **app
    )
    assert (first.token_use, first.hub_id, first.scopes) == (
        "access_token",
        sim.portal.id,
        ["crm.objects.contacts.read", "oauth"],
    )
    again = sdk.auth.oauth.create_token(grant_type="refresh_token", refresh_token=first.refresh_token, **app)
    assert again.access_token != first.access_token
    assert again.refresh_token == first.refresh_token
    about = sdk.auth.oauth.introspect_token(token=again.access_token, **app)
    assert (about.active, about.signed_access_token.hublet) == (True, "eu1")
    assert sdk.auth.oauth.introspect_token(token=first.refresh_token, **app).token_use == "refresh_token"
    sdk.auth.oauth.revoke_token(token=first.refresh_token, **app)
    with pytest.raises(hubspot_sdk.BadRequestError, match="BAD_REFRESH_TOKEN"):
        sdk.auth.oauth.create_token(grant_type="refresh_token", refresh_token=first.refresh_token, **app)


def test_errors_are_typed(sdk):
    with pytest.raises(hubspot_sdk.BadRequestError, match="does not exist"):
        sdk.crm.objects.contacts.create(properties={"nonsense": "x"}, associations=[])
    sdk.crm.objects.contacts.create(properties=ADA, associations=[])
    with pytest.raises(hubspot_sdk.ConflictError, match="Existing ID"):
        sdk.crm.objects.contacts.create(properties=ADA, associations=[])

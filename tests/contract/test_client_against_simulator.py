"""Our client and the simulator are two statements of one protocol, made apart: here they meet.

Every method of the client is driven over a real socket, and the faults come back as the errors we named.
"""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from hubspot_simulator import Fault, Simulator
from pretix_hubspot.hubspot import errors
from pretix_hubspot.hubspot.budget.shared import NoBudget, SharedBudget
from pretix_hubspot.hubspot.budget.stores import MemoryStore
from pretix_hubspot.hubspot.client import Client
from pretix_hubspot.hubspot.data import (
    AssociationInput,
    AssociationType,
    InlineAssociation,
    Record,
    WriteInput,
    match,
    match_read,
)
from pretix_hubspot.hubspot.oauth import OAuthApp

pytestmark = pytest.mark.contract

DEAL_TO_CONTACT = AssociationType("HUBSPOT_DEFINED", 3)
KEY = {
    "name": "pretix_order_key",
    "label": "Order key",
    "type": "string",
    "fieldType": "text",
    "groupName": "pretix",
    "hasUniqueValue": True,
}


@pytest.fixture(params=["2026-03", "2026-09"])
def version(request):
    return request.param


@pytest.fixture
def sim():
    return Simulator(property_lag_ms=0, search_lag_s=0.0)


@pytest.fixture
def url(sim, settings):
    settings.ALLOW_HTTP_TO_PRIVATE_NETWORKS = True  # pretix blocks loopback otherwise
    with sim.serve() as base:
        yield base


@pytest.fixture
def client(sim, url, version):
    client = Client(url, version, lambda: sim.service_key, None, NoBudget(), timeouts=(2.0, 0.5))
    yield client
    client.close()


@pytest.fixture
def key(client):
    client.create_property_group("deals", "pretix", "pretix")
    return client.create_property("deals", KEY)


def contact(trace_id, email, **more):
    return WriteInput(trace_id, {"email": email, **more})


def test_contacts_are_created_read_updated_archived(client):
    made = match(
        (inputs := [contact("a", "Erika@Example.org", firstname="Erika"), contact("b", "not an address")]),
        client.batch_create("contacts", inputs),
    )
    assert isinstance(made["a"], Record)
    assert isinstance(made["b"], errors.InvalidInput)
    assert made["b"].codes == {"INVALID_EMAIL"}
    assert made["b"].details[0].property_name == "email"
    assert "not an address" not in made["b"].message

    record_id = made["a"].id
    asked = ["ERIKA@example.org", "nobody@example.org"]
    found = match_read(asked, client.batch_read("contacts", asked, ["email", "firstname"], "email"), "email")
    assert (found[asked[0]].id, found[asked[0]].properties["firstname"]) == (record_id, "Erika")
    assert isinstance(found[asked[1]], errors.NotFound)

    update = [WriteInput("u", {"firstname": "E."}, id=record_id), WriteInput("v", {"firstname": "?"}, id="404404404")]
    updated = match(update, client.batch_update("contacts", update))
    assert updated["u"].id == record_id
    assert isinstance(updated["v"], errors.NotFound)
    assert client.get_record("contacts", record_id, ["firstname"]).properties["firstname"] == "E."
    assert client.get_record("contacts", "erika@example.org", [], "email").id == record_id

    client.batch_archive("contacts", [record_id, "404404404"])
    with pytest.raises(errors.NotFound):
        client.get_record("contacts", record_id, [])


def test_conflicts_name_the_existing_record(client):
    first = client.batch_create("contacts", [contact("a", "a@example.org")]).records[0]
    inputs = [contact("a", "A@example.org"), contact("b", "b@example.org")]
    made = match(inputs, client.batch_create("contacts", inputs))
    assert isinstance(made["a"], errors.Conflict)
    assert made["a"].existing_id == first.id
    assert isinstance(made["b"], Record)


def test_deals_are_upserted_by_our_key(client, key):
    assert (key.name, key.has_unique_value, key.writable) == ("pretix_order_key", True, True)
    values = {"dealname": "A", "dealstage": "closedwon", "pipeline": "default", "pretix_order_key": "O/E/A"}
    inputs = [WriteInput("t", values, id="O/E/A", id_property="pretix_order_key")]
    first = match(inputs, client.batch_upsert("deals", inputs))["t"]
    second = match(inputs, client.batch_upsert("deals", inputs))["t"]
    assert (first.is_new, second.is_new, first.id == second.id) == (True, False, True)

    taken = [WriteInput("c", values, id_property="pretix_order_key")]
    refusal = match(taken, client.batch_create("deals", taken))["c"]
    assert isinstance(refusal, errors.HubSpotError)
    assert "CONFLICTING_UNIQUE_VALUE" in refusal.codes


def test_a_merged_contact_is_found_by_its_former_id(client, sim, url):
    made = client.batch_create("contacts", [contact("a", "a@example.org"), contact("b", "b@example.org")])
    former = [record.id for record in made.records]
    merge = {"primaryObjectId": former[0], "objectIdToMerge": former[1]}
    headers = {"Authorization": f"Bearer {sim.service_key}"}
    requests.post(
        f"{url}/crm/objects/2026-03/contacts/merge", json=merge, headers=headers, timeout=5
    ).raise_for_status()
    merged = client.get_record("contacts", former[1], ["hs_merged_object_ids"])
    asked = ["a@example.org", "b@example.org"]
    names = ["email", "hs_additional_emails"]
    found = match_read(asked, client.batch_read("contacts", asked, names, "email"), "email")
    assert {answer.id for answer in found.values()} == {merged.id}
    by_id = match_read(former, client.batch_read("contacts", former, ["hs_merged_object_ids"]))
    assert {answer.id for answer in by_id.values()} == {merged.id}


def test_search(client):
    client.batch_create("contacts", [contact("a", "a@example.org")])
    body = {
        "filterGroups": [{"filters": [{"propertyName": "email", "operator": "EQ", "value": "a@example.org"}]}],
        "properties": ["email"],
        "limit": 10,
    }
    found = client.search("contacts", body)
    assert (found.total, found.records[0].properties["email"], found.after) == (1, "a@example.org", None)


@pytest.fixture
def pair(client):
    people = client.batch_create("contacts", [contact("a", "a@example.org")]).records[0]
    values = {"dealname": "A", "dealstage": "closedwon", "pipeline": "default"}
    deal = client.batch_create("deals", [WriteInput("d", values)]).records[0]
    return deal.id, people.id


def pairs(result):
    return {(pair.from_id, pair.to_id) for pair in result.pairs}


def test_default_associations(client, pair):
    assert pair in pairs(client.associate_default("deals", "contacts", [pair]))
    assert pairs(client.read_associations("deals", "contacts", [pair[0]])) == {pair}
    assert pairs(client.read_associations("contacts", "deals", [pair[1]])) == {pair[::-1]}
    client.archive_associations("deals", "contacts", [pair])
    assert pairs(client.read_associations("deals", "contacts", [pair[0]])) == set()


def test_labelled_associations(client, pair):
    (label, *_) = client.create_association_label("deals", "contacts", "attendee", "Attendee")
    kind = AssociationType(label.category, label.type_id)
    assert label in client.association_labels("deals", "contacts")
    assert pair in pairs(client.associate("deals", "contacts", [AssociationInput(*pair, types=(kind,))]))
    (found,) = client.read_associations("deals", "contacts", [pair[0]]).pairs
    assert "Attendee" in [kind.label for kind in found.types]
    client.archive_association_labels("deals", "contacts", [AssociationInput(*pair, types=(kind,))])
    (found,) = client.read_associations("deals", "contacts", [pair[0]]).pairs
    assert "Attendee" not in [kind.label for kind in found.types]


def test_associations_made_along_with_a_record(client, pair):
    values = {"dealname": "B", "dealstage": "closedwon", "pipeline": "default"}
    link = InlineAssociation(pair[1], (DEAL_TO_CONTACT,))
    deal = client.batch_create("deals", [WriteInput("d", values, associations=(link,))]).records[0]
    assert pairs(client.read_associations("deals", "contacts", [deal.id])) == {(deal.id, pair[1])}


def test_an_association_with_a_missing_record_names_it(client, pair):
    try:
        result = client.associate_default("deals", "contacts", [pair, (pair[0], "404404404")])
    except errors.InvalidInput as refusal:
        assert "404404404" in str(refusal.context)
    else:
        assert any("404404404" in refusal.ids for refusal in result.errors)
        assert pair in pairs(result)


def test_schema(client, key):
    definitions = {definition.name: definition for definition in client.properties("deals")}
    assert definitions["pretix_order_key"].group_name == "pretix"
    assert not definitions["hs_object_id"].writable
    with pytest.raises(errors.Conflict):
        client.create_property("deals", KEY)
    with pytest.raises(errors.Conflict):
        client.create_property_group("deals", "pretix", "pretix")
    assert client.update_property("deals", "pretix_order_key", {"label": "Key"}).label == "Key"
    default = client.pipelines("deals")[0]
    assert (default.id, default.stages[-1].id) == ("default", "closedlost")
    assert all(kind.custom and kind.type_id.startswith("2-") for kind in client.schemas())
    assert all(isinstance(enabled, bool) for enabled in client.object_enablement().values())


def test_account_and_token(client, sim):
    account = client.account()
    assert (account.portal_id, account.time_zone, account.ui_domain != "") == (sim.portal.id, "Europe/Berlin", True)
    assert all(owner.id for owner in client.owners())
    info = client.private_app_token_info(sim.service_key)
    assert info.portal_id == sim.portal.id
    assert "crm.objects.contacts.write" in info.scopes


def test_limits(client):
    assert isinstance(client.limits("records"), dict)


def test_unknown_types_and_tokens(client, url, version):
    with pytest.raises(errors.InvalidInput):
        client.properties("unicorns")
    with pytest.raises(errors.AuthenticationFailed):
        Client(url, version, lambda: "pat-eu1-nonsense", None, NoBudget()).account()


def granted(app, url, **answer):
    """Plays the person on the consent page; returns what the return URL is called with."""
    asked = app.authorize_url("http://localhost/return", "the state", ["oauth", "crm.objects.contacts.read"])
    response = requests.post(asked, data={"decision": "connect", **answer}, allow_redirects=False, timeout=5)
    back = {name: values[0] for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()}
    assert back.pop("state") == "the state"
    return back


def test_oauth_from_consent_to_revocation(sim, url, version):
    app = OAuthApp("simulator-client-id", "simulator-client-secret", url, url, version)
    tokens = app.exchange(granted(app, url)["code"], "http://localhost/return")
    assert tokens.portal_id == sim.portal.id
    assert 1790 <= tokens.expires_in <= 1800
    info = app.introspect(tokens.access_token)
    assert (info.portal_id, "crm.objects.contacts.read" in info.scopes) == (sim.portal.id, True)

    client = Client(url, version, lambda: "stale", lambda bad: tokens.access_token, NoBudget())
    assert client.account().portal_id == sim.portal.id
    with pytest.raises(errors.MissingScope) as caught:
        client.batch_create("deals", [WriteInput("t", {"dealname": "x"})])
    assert "crm.objects.deals.write" in caught.value.required_scopes

    again = app.refresh(tokens.refresh_token)
    app.revoke(again.refresh_token)
    with pytest.raises(errors.TokenRevoked):
        app.refresh(again.refresh_token)
    assert app.introspect("nonsense") is None


def test_oauth_refusals(sim, url, version):
    app = OAuthApp("simulator-client-id", "simulator-client-secret", url, url, version)
    assert granted(app, url, decision="deny")["error"] == "access_denied"
    code = granted(app, url)["code"]
    app.exchange(code, "http://localhost/return")
    with pytest.raises(errors.AuthCodeRejected):
        app.exchange(code, "http://localhost/return")
    with pytest.raises(errors.OAuthMisconfigured):
        OAuthApp("simulator-client-id", "wrong", url, url, version).refresh("r")


FAULTS = {
    "ten-secondly": errors.RateLimited,
    "daily": errors.RateLimited,
    "secondly": errors.RateLimited,
    "bad-request": errors.InvalidInput,
    "unauthorized": errors.AuthenticationFailed,
    "forbidden": (errors.Forbidden, errors.MissingScope),
    "conflict": errors.Conflict,
    "locked": errors.Locked,
    "migration": errors.Migrating,
    "server-error": errors.ServerTrouble,
    "bad-gateway": errors.ServerTrouble,
    "unavailable": errors.ServerTrouble,
    "gateway-timeout": errors.ServerTrouble,
    "web-server-down": errors.ServerTrouble,
    "edge-timeout": errors.ServerTrouble,
    "edge-dns": errors.ServerTrouble,
    "reset": errors.ConnectionFailed,
    "timeout": errors.ReadTimeout,
    "truncated": (errors.ConnectionFailed, errors.BadAnswer),
    "malformed": errors.BadAnswer,
    "empty-body": errors.BadAnswer,
}


@pytest.mark.parametrize("version", ["2026-03"], indirect=True)
@pytest.mark.parametrize("name", FAULTS)
def test_faults_have_our_names(client, sim, name):
    sim.faults.scripted.append(Fault.preset(name))
    with pytest.raises(FAULTS[name]):
        client.batch_create("contacts", [contact("a", "a@example.org")])
    assert sim.faults.scripted[0].fired == 1
    # The next call works: nothing of the fault sticks to the connection.
    assert client.account().portal_id == sim.portal.id


@pytest.mark.parametrize("version", ["2026-03"], indirect=True)
@pytest.mark.parametrize("name", ["missing-result", "drop-results"])
def test_inputs_without_an_answer_are_noticed(client, sim, name):
    sim.faults.scripted.append(Fault.preset(name))
    inputs = [contact("a", "a@example.org"), contact("b", "b@example.org")]
    try:
        made = match(inputs, client.batch_create("contacts", inputs))
    except errors.BadAnswer:
        return
    assert None in made.values()


def test_the_budget_keeps_us_within_the_limit(settings, version):
    """A rush on a simulator that enforces HubSpot's limit: no 429, and the limit is learnt from the headers."""

    class World:
        now = 1_790_000_000.0

        def sleep(self, seconds):
            self.now += seconds

    world = World()
    sim = Simulator(clock=lambda: world.now)
    store = MemoryStore()
    settings.ALLOW_HTTP_TO_PRIVATE_NETWORKS = True
    with sim.serve() as url:
        budget = SharedBudget(store, lambda: world.now, world.sleep)
        client = Client(url, version, lambda: sim.service_key, None, budget)
        for _ in range(450):
            client.account()
            world.now += 0.01
        client.close()
    assert sim.rate_limit_violations == 0
    assert store.state.crm.limit > 100  # learnt from the headers of an Enterprise portal
    assert store.state.daily.limit > 0

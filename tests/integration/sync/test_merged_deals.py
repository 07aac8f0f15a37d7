"""People merge the deals of two orders in HubSpot: the merged one stays one order's, the other gets a new one."""

import pytest
from pretix.base.models import Order

from pretix_hubspot.models import OrderState

KEY = "pretix_order_key"


def deals(story):
    return sorted((deal[KEY], deal["dealname"]) for deal in story.world(deals=[KEY, "dealname"])["deals"])


def change(story, code):
    """Another name for the order's deal, so that it is sent again."""
    order = Order.objects.get(code=code)
    order.total += 1
    order.save()
    story.queue(order)


@pytest.fixture(params=[True, False], ids=["same id", "new id"])
def merged(story, request):
    """Two orders whose deals are one by now; the first one's was the primary."""
    story.simulator.portal.switches.merge_preserves_primary = request.param
    for code in ("A1", "B1"):
        story.order(code, email=f"{code}@example.org".lower())
    story.sync()
    keys = {deal[KEY]: deal for deal in story.world(deals=[KEY])["deals"]}
    assert len(keys) == 2
    one, two = ({KEY: f"ADA/CONF/{code}"} for code in ("A1", "B1"))
    story.simulator.people.merge("deals", one, two)
    assert len(deals(story)) == 1


@pytest.mark.parametrize("sent", [["A1", "B1"], ["B1", "A1"], ["A1B1"]], ids=["first", "other first", "together"])
def test_both_orders_have_a_deal_of_their_own(story, merged, sent):
    for codes in sent:
        for code in (codes[:2], codes[2:]):
            if code:
                change(story, code)
        story.sync()

    assert [key for key, _ in deals(story)] == ["ADA/CONF/A1", "ADA/CONF/B1"]
    assert set(OrderState.objects.values_list("cause", flat=True)) == {""}
    story.simulator.requests.clear()
    for code in ("A1", "B1"):
        story.queue(Order.objects.get(code=code), "user")
    story.sync()
    assert [key for key, _ in deals(story)] == ["ADA/CONF/A1", "ADA/CONF/B1"], "and it stays so"


def test_an_identifier_that_people_removed_is_written_again(story):
    story.order("A1")
    story.sync()
    [deal] = story.simulator.portal.records("deals")
    story.simulator.people.change("deals", {KEY: ""}, id=deal.id)
    change(story, "A1")

    story.sync()

    assert [key for key, _ in deals(story)] == ["ADA/CONF/A1"]

"""The content of a portal as a literal."""


def test_the_world_is_a_literal(api, sim):
    ada = sim.record("contacts", email="ada@example.org", firstname="Ada")
    sim.record("contacts", email="bob@example.org")
    deal = sim.record("deals", dealname="Order", dealstage="closedwon", amount="12.50")
    sim.link(deal, ada)
    assert sim.world({"contacts": ["email", "firstname"], "deals": ["dealname", "amount"]}) == {
        "contacts": [
            {"email": "ada@example.org", "firstname": "Ada", "associations": {"deals": ["Order"]}},
            {"email": "bob@example.org", "firstname": None},
        ],
        "deals": [{"dealname": "Order", "amount": "12.5", "associations": {"contacts": ["ada@example.org"]}}],
    }

"""Addresses whose domains look alike belong to different people."""


def test_two_domains_are_two_contacts(story):
    story.order("A1", email="ann@faß.example")
    story.order("A2", email="ann@fass.example")
    story.order("A3", email="ann@κοσμος.example")

    story.sync()

    assert [contact["email"] for contact in story.world(contacts=["email"])["contacts"]] == [
        "ann@fass.example",
        "ann@xn--fa-hia.example",
        "ann@xn--vxaeibpd.example",
    ]

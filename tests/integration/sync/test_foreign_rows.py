"""What fifty other orders cost the one that is sent: nothing, not even a look at their rows."""

from tests.rows import moved

CROWD = 50


def test_sending_an_order_touches_rows_of_that_order_alone(story, field_names_are_kept):
    def send(code):
        story.order(code, attendees=[(f"{code}@example.org", "Grace", "Hopper")])
        with moved() as rows:
            story.sync()
        return rows

    other = story.add_event("other")
    story.add_mappings(other)
    story.join(other)
    send("WARM")

    alone = send("A1")
    for number in range(CROWD):
        story.order(f"C{number}", event=[story.event, other][number % 2])
    story.sync()
    story.sync(other)
    for number in range(CROWD):
        story.order(f"W{number}", event=other)
    beside = send("B1")

    assert beside == alone

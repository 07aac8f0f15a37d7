"""The names by which everything in the demo goes; imports nothing, so that every part may use them."""

ORGANIZER = "demo"
CONFERENCE = "tutcon27"
WALKS = "walks"
LOGIN = "demo@example.org"
PASSWORD = "demo"

"""How much of a long test is run: little of it each time, the whole by ``make soak``.

What repeats itself (stories, races, random input) asks ``amount`` how often.
Property-based tests name no number of examples of their own: they take the one of the profile.
"""

import os

import hypothesis

#: ``make soak`` sets it.
WHOLE = os.environ.get("SOAK", "0") not in ("", "0")


def amount(usual, whole):
    """The first number in every run, the second one under ``make soak``."""
    return whole if WHOLE else usual


def load_profile():
    """Before any test module is imported, since ``@settings`` copies the profile that is loaded at that moment.

    No deadline: how long an example takes says more about the machine than about the product.
    """
    hypothesis.settings.register_profile("ci", max_examples=100, deadline=None, print_blob=True)
    hypothesis.settings.register_profile("soak", max_examples=2_000, deadline=None, print_blob=True)
    hypothesis.settings.load_profile("soak" if WHOLE else "ci")

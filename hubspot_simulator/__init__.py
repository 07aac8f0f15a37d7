"""A stateful stand-in for HubSpot, to develop, demonstrate and test against.

    from hubspot_simulator import Simulator

    sim = Simulator()
    with sim.serve() as url:
        ...
    assert sim.world({"contacts": ["email", "firstname"]}) == {"contacts": [...]}

It models HubSpot, not convenience; the README tabulates what is done, simplified and absent.
"""

from .auth import App
from .clock import Clock
from .faults import PRESETS, Fault
from .portal import Account, Portal
from .problems import Problem
from .records import STAFF, Author, Record
from .simulator import Simulator
from .switches import Switches

__all__ = ["PRESETS", "STAFF", "Account", "App", "Author", "Clock", "Fault", "Portal", "Problem", "Record",
           "Simulator", "Switches"]

"""A stateful stand-in for HubSpot, to develop, demonstrate and test against.

    from hubspot_simulator import Simulator

    sim = Simulator()
    with sim.serve() as url:
        ...
    assert sim.world({"contacts": ["email", "firstname"]}) == {"contacts": [...]}

It models HubSpot, not convenience; the README tabulates what is done, simplified and absent.
"""

from .app import Simulator
from .clock import Clock
from .crm.account.state import Account
from .crm.objects.state import STAFF, Author, Record
from .crm.pipelines.state import Pipeline, Stage
from .crm.properties.definitions import Option, Property, options
from .faults import PRESETS, Fault
from .oauth.state import App
from .portal.state import Portal
from .problems import Problem
from .switches import Switches

__all__ = [
    "PRESETS",
    "STAFF",
    "Account",
    "App",
    "Author",
    "Clock",
    "Fault",
    "Option",
    "Pipeline",
    "Portal",
    "Problem",
    "Property",
    "Record",
    "Simulator",
    "Stage",
    "Switches",
    "options",
]

"""What a portal does by itself after a write, when its settings say so (hubspot.md 7.2)."""

from hubspot_simulator.crm.properties.values import Rules
from hubspot_simulator.portal.state import Portal

from .state import Author, Record
from .writing import commit, prepare_create

AUTOMATION = Author("AUTOMATION_PLATFORM", "", "HubSpot")
FREE_MAIL = {"gmail.com", "googlemail.com", "gmx.de", "web.de", "outlook.com", "hotmail.com", "icloud.com", "yahoo.com"}


def associate_company(portal: Portal, record: Record) -> None:
    """Links a new contact with the company of its e-mail domain, which is made where it is missing (A/C)."""
    domain = record.get("hs_email_domain")
    if not portal.switches.auto_associate_companies or not domain or domain in FREE_MAIL:
        return
    company = portal.find("companies", "domain", domain)
    if company is None:
        draft = prepare_create(
            portal,
            portal.object_type("companies"),
            {"domain": domain, "name": domain},
            [],
            Rules(portal.switches),
            set(),
        )
        company = commit(portal, draft, AUTOMATION).record
    primary = portal.association_types.find("HUBSPOT_DEFINED", 1)
    portal.associations.link(("contacts", record.id), ("companies", company.id), [primary] if primary else [])

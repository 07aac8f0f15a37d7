"""What a fresh portal contains: the default properties and pipelines of a European account.

Names, types and option values follow hubspot.md 6.2, 8 and 9 and HubSpot's default properties.
The lists are a sample: several dozen where HubSpot has hundreds.
"""

from . import commerce, companies, contacts, deals

SCHEMAS = {
    "contacts": contacts.SCHEMA,
    "companies": companies.SCHEMA,
    "deals": deals.SCHEMA,
    "tickets": commerce.TICKETS,
    "products": commerce.PRODUCTS,
    "line_items": commerce.LINE_ITEMS,
    "orders": commerce.ORDERS,
    "event_sessions": commerce.SESSIONS,
}

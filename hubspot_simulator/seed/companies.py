"""Default properties of companies."""

from .contacts import LEAD_STATUS, LIFECYCLE
from .tools import calculated, common, prop, schema

INDUSTRIES = (
    "ENTERTAINMENT|Entertainment",
    "EVENTS_SERVICES|Events Services",
    "COMPUTER_SOFTWARE|Computer Software",
    "EDUCATION_MANAGEMENT|Education Management",
    "MUSIC|Music",
    "NON_PROFIT_ORGANIZATION_MANAGEMENT|Non-Profit",
    "PERFORMING_ARTS|Performing Arts",
    "SPORTS|Sports",
)
SCHEMA = schema(
    "companyinformation",
    "Company information",
    [
        prop("name", "Company name"),
        prop("domain", "Company Domain Name"),
        prop("website", "Website URL"),
        prop("description", "Description", "area"),
        prop("industry", "Industry", "select", *INDUSTRIES),
        prop(
            "type",
            "Type",
            "radio",
            "PROSPECT|Prospect",
            "PARTNER|Partner",
            "RESELLER|Reseller",
            "VENDOR|Vendor",
            "OTHER|Other",
        ),
        prop("phone", "Phone Number", "phone"),
        prop("address", "Street Address"),
        prop("address2", "Street Address 2"),
        prop("city", "City"),
        prop("zip", "Postal Code"),
        prop("state", "State/Region"),
        prop("country", "Country/Region"),
        prop("hs_country_code", "Country Code"),
        prop("timezone", "Time Zone"),
        prop("numberofemployees", "Number of Employees", "number"),
        prop("annualrevenue", "Annual Revenue", "number", hints={"showCurrencySymbol": True}),
        prop("founded_year", "Year Founded"),
        prop("is_public", "Is Public", "bool"),
        prop("vat_id", "VAT ID", hidden=True),
        prop("linkedin_company_page", "LinkedIn Company Page"),
        prop("lifecyclestage", "Lifecycle Stage", "radio", *LIFECYCLE),
        prop("hs_lead_status", "Lead Status", "radio", *LEAD_STATUS),
        calculated("hs_additional_domains", "Additional Domains", "multi"),
        calculated("num_associated_contacts", "Number of Associated Contacts", "number"),
        calculated("num_associated_deals", "Number of Associated Deals", "number"),
        calculated("days_to_close", "Days to Close", "number"),
        calculated("hs_analytics_num_visits", "Number of Sessions", "number"),
        *common("createdate", "hs_lastmodifieddate"),
    ],
)

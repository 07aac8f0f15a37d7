"""Default properties of contacts."""

from hubspot_simulator.crm.properties.definitions import Group

from .tools import calculated, common, prop, readonly, schema

LANGUAGES = (
    "en|English", "en-gb|English - United Kingdom", "en-us|English - United States", "de|German",
    "de-at|German - Austria", "de-ch|German - Switzerland", "fr|French", "fr-ca|French - Canada", "nl|Dutch",
    "nl-be|Dutch - Belgium", "es|Spanish", "it|Italian", "pt-br|Portuguese - Brazil",
    "pt-pt|Portuguese - Portugal", "pl|Polish", "cs|Czech", "da|Danish", "sv|Swedish", "fi|Finnish",
    "no|Norwegian", "nb|Norwegian Bokmal", "ru|Russian", "uk|Ukrainian", "tr|Turkish", "el|Greek", "hu|Hungarian",
    "ro|Romanian", "ca|Catalan", "gl|Galician", "eu|Basque", "lv|Latvian", "sk|Slovak", "sl|Slovenian",
    "hr|Croatian", "ar|Arabic", "iw-il|Hebrew - Israel", "he|Hebrew", "in-id|Indonesian - Indonesia",
    "id|Indonesian", "ja|Japanese", "ko|Korean", "zh-cn|Chinese - China", "zh-tw|Chinese - Taiwan",
    "zh-chs|Chinese - Simplified", "zh-cht|Chinese - Traditional",
)
# Two labels carry an en dash, one a hyphen: literal from a real portal (hubspot.md 6.2, B).
LEGAL_BASIS = (
    "Legitimate interest \u2013 prospect/lead",
    "Legitimate interest \u2013 existing customer",
    "Legitimate interest - other",
    "Performance of a contract",
    "Freely given consent from contact",
    "Not applicable",
)
LIFECYCLE = (
    "subscriber|Subscriber", "lead|Lead", "marketingqualifiedlead|Marketing Qualified Lead",
    "salesqualifiedlead|Sales Qualified Lead", "opportunity|Opportunity", "customer|Customer",
    "evangelist|Evangelist", "other|Other",
)
LEAD_STATUS = (
    "NEW|New", "OPEN|Open", "IN_PROGRESS|In Progress", "OPEN_DEAL|Open Deal", "UNQUALIFIED|Unqualified",
    "ATTEMPTED_TO_CONTACT|Attempted to Contact", "CONNECTED|Connected", "BAD_TIMING|Bad Timing",
)
SOURCES = (
    "ORGANIC_SEARCH|Organic Search", "PAID_SEARCH|Paid Search", "EMAIL_MARKETING|Email Marketing",
    "SOCIAL_MEDIA|Organic Social", "REFERRALS|Referrals", "DIRECT_TRAFFIC|Direct Traffic", "OFFLINE|Offline Sources",
)
SALES, CONSENT, SOCIAL, EMAIL_INFO = "sales_properties", "contactlcs", "socialmediainformation", "emailinformation"

PERSONAL = [
    prop("email", "Email", value_format="email", form_field=True),
    prop("firstname", "First Name", form_field=True),
    prop("lastname", "Last Name", form_field=True),
    prop("salutation", "Salutation", form_field=True),
    prop("phone", "Phone Number", "phone", form_field=True),
    prop("mobilephone", "Mobile Phone Number", "phone", form_field=True),
    prop("fax", "Fax Number"),
    prop("company", "Company Name", form_field=True),
    prop("jobtitle", "Job Title", form_field=True),
    prop("industry", "Industry"),
    prop("website", "Website URL", form_field=True),
    prop("address", "Street Address", form_field=True),
    prop("city", "City", form_field=True),
    prop("zip", "Postal Code", form_field=True),
    prop("state", "State/Region", form_field=True),
    prop("hs_state_code", "State/Region Code"),
    prop("country", "Country/Region", form_field=True),
    prop("hs_country_region_code", "Country/Region Code"),
    prop("hs_language", "Preferred language", "select", *LANGUAGES, form_field=True),
    prop("date_of_birth", "Date of birth", form_field=True),
    prop("gender", "Gender"),
    prop("degree", "Degree"),
    prop("school", "School"),
    prop("field_of_study", "Field of Study"),
    prop("marital_status", "Marital Status"),
    prop("military_status", "Military status"),
    prop("relationship_status", "Relationship Status"),
    prop("work_email", "Work email"),
    prop("message", "Message", "area"),
    prop("hs_role", "Employment Role", hidden=True),
    prop("twitterhandle", "Twitter Username", group=SOCIAL),
    prop("hs_linkedin_url", "LinkedIn URL", group=SOCIAL),
    readonly("followercount", "Follower Count", "number", group=SOCIAL),
]
PROCESS = [
    prop("lifecyclestage", "Lifecycle Stage", "radio", *LIFECYCLE, form_field=True),
    prop("hs_lead_status", "Lead Status", "radio", *LEAD_STATUS, group=SALES),
    prop("hs_persona", "Persona", "select", hidden=True),
    prop("annualrevenue", "Annual Revenue"),
    prop("numemployees", "Number of Employees", "select", "1-5", "5-25", "25-50", "50-100", "100-500", "500-1000",
         "1000+"),
    prop("closedate", "Close Date", "datetime"),
    prop("hs_buying_role", "Buying Role", "multi", "BLOCKER|Blocker", "BUDGET_HOLDER|Budget Holder",
         "CHAMPION|Champion", "DECISION_MAKER|Decision Maker", "END_USER|End User", "INFLUENCER|Influencer",
         group=SALES),
    prop("hs_legal_basis", "Legal basis for processing contact's data", "multi", *LEGAL_BASIS, group=CONSENT),
    readonly("hs_email_optout", "Unsubscribed from all email", "bool", group=EMAIL_INFO),
    readonly("hs_marketable_status", "Marketing contact status", "select", "true|Marketing contact",
             "false|Non-marketing contact"),
    readonly("hs_additional_emails", "Additional email addresses", "multi", group=EMAIL_INFO),
    readonly("hs_was_imported", "Created By Import", "bool", hidden=True),
]
CALCULATED = [
    calculated("hs_calculated_merged_vids", "Merged vids with timestamps of a contact", "multi", hidden=True),
    calculated("hs_email_domain", "Email Domain", group=EMAIL_INFO),
    calculated("hs_searchable_calculated_phone_number", "Calculated Phone Number", hidden=True),
    calculated("hs_full_name_or_email", "Full name or email"),
    calculated("num_associated_deals", "Number of Associated Deals", "number"),
    calculated("associatedcompanyid", "Primary Associated Company ID", "number"),
    calculated("hs_analytics_source", "Original Traffic Source", "select", *SOURCES),
    calculated("hs_analytics_num_visits", "Number of Sessions", "number"),
    calculated("hs_analytics_first_timestamp", "Time First Seen", "datetime"),
    calculated("hs_email_delivered", "Marketing emails delivered", "number", group=EMAIL_INFO),
    calculated("hs_email_open", "Marketing emails opened", "number", group=EMAIL_INFO),
    calculated("recent_deal_amount", "Recent Deal Amount", "number"),
    calculated("total_revenue", "Total Revenue", "number"),
    calculated("days_to_close", "Days To Close", "number"),
    calculated("hs_lifecyclestage_lead_date", "Date entered 'Lead'", "datetime"),
    calculated("hs_lifecyclestage_customer_date", "Date entered 'Customer'", "datetime"),
]
SCHEMA = schema(
    "contactinformation", "Contact information",
    [*PERSONAL, *PROCESS, *CALCULATED, *common("createdate", "lastmodifieddate")],
    Group(SALES, "Sales properties", 1, True), Group(CONSENT, "Data privacy", 2, True),
    Group(SOCIAL, "Social media information", 3, True), Group(EMAIL_INFO, "Email information", 4, True),
)

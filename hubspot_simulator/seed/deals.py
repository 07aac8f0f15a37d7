"""Default properties of deals."""

from .tools import calculated, common, prop, schema

SCHEMA = schema(
    "dealinformation",
    "Deal information",
    [
        prop("dealname", "Deal Name"),
        prop("pipeline", "Pipeline", "select", options_from="pipelines", hints={"externalOptions": True}),
        prop("dealstage", "Deal Stage", "radio", options_from="stages", hints={"externalOptions": True}),
        prop("amount", "Amount", "number", hints={"showCurrencySymbol": True}),
        prop("deal_currency_code", "Currency", "select", options_from="currencies"),
        prop("closedate", "Close Date", "datetime"),
        prop("dealtype", "Deal Type", "radio", "newbusiness|New Business", "existingbusiness|Existing Business"),
        prop("description", "Deal Description", "area"),
        prop("hs_priority", "Priority", "select", "low|Low", "medium|Medium", "high|High"),
        prop("closed_lost_reason", "Closed Lost Reason", "area"),
        prop("closed_won_reason", "Closed Won Reason", "area"),
        prop("hs_next_step", "Next Step"),
        prop("hs_forecast_amount", "Forecast Amount", "number", hidden=True),
        calculated("hs_forecast_probability", "Forecast Probability", "number"),
        calculated("hs_deal_stage_probability", "Deal probability", "number"),
        calculated("hs_exchange_rate", "Exchange rate", "number"),
        calculated("amount_in_home_currency", "Amount in company currency", "number"),
        calculated("hs_is_closed", "Is Deal Closed?", "bool"),
        calculated("hs_is_closed_won", "Is Closed Won", "bool"),
        calculated("hs_is_closed_lost", "Is Closed Lost", "bool"),
        calculated("days_to_close", "Days to Close", "number"),
        calculated("num_associated_contacts", "Number of Associated Contacts", "number"),
        calculated("hs_num_of_associated_line_items", "Number of Associated Line Items", "number"),
        calculated("hs_analytics_source", "Original Traffic Source"),
        calculated("hs_primary_associated_company", "Primary Associated Company", "number"),
        *common("createdate", "hs_lastmodifieddate"),
    ],
)

"""Default properties of tickets, products, line items, orders and the portal's one custom type (hubspot.md 9)."""

from .tools import calculated, common, prop, schema

CURRENCY = {"options_from": "currencies"}
AMOUNT = {"showCurrencySymbol": True}
TICKETS = schema(
    "ticketinformation",
    "Ticket information",
    [
        prop("subject", "Ticket name"),
        prop("content", "Ticket description", "area"),
        prop("hs_pipeline", "Pipeline", "select", options_from="pipelines", hints={"externalOptions": True}),
        prop("hs_pipeline_stage", "Ticket status", "select", options_from="stages", hints={"externalOptions": True}),
        prop("hs_ticket_priority", "Priority", "select", "LOW|Low", "MEDIUM|Medium", "HIGH|High", "URGENT|Urgent"),
        prop(
            "hs_ticket_category",
            "Category",
            "multi",
            "PRODUCT_ISSUE|Product Issue",
            "BILLING_ISSUE|Billing Issue",
            "FEATURE_REQUEST|Feature Request",
            "GENERAL_INQUIRY|General Inquiry",
        ),
        prop("source_type", "Source", "select", "CHAT|Chat", "EMAIL|Email", "FORM|Form", "PHONE|Phone"),
        prop("hs_resolution", "Resolution", "multi", "ISSUE_FIXED|Issue fixed", "NOT_FIXED|Not fixed"),
        calculated("closed_date", "Close date", "datetime"),
        calculated("time_to_close", "Time to close", "number"),
        *common("createdate", "hs_lastmodifieddate"),
    ],
)
PRODUCTS = schema(
    "productinformation",
    "Product information",
    [
        prop("name", "Name"),
        prop("description", "Product description", "area"),
        prop("price", "Unit price", "number", hints=AMOUNT),
        prop("hs_sku", "SKU"),
        prop("hs_cost_of_goods_sold", "Unit cost", "number"),
        prop("hs_recurring_billing_period", "Term"),
        prop("recurringbillingfrequency", "Billing frequency", "select", "monthly|Monthly", "annually|Annually"),
        prop(
            "hs_product_type",
            "Product Type",
            "select",
            "inventory|Inventory",
            "non_inventory|Non-inventory",
            "service|Service",
        ),
        prop("hs_url", "URL"),
        prop("hs_status", "Status", "select", "active|Active", "inactive|Inactive"),
        *common("createdate", "hs_lastmodifieddate"),
    ],
)
LINE_ITEMS = schema(
    "lineiteminformation",
    "Line item information",
    [
        prop("name", "Name"),
        prop("description", "Description", "area"),
        prop("price", "Unit price", "number", hints=AMOUNT, value_format="not-negative"),
        prop("quantity", "Quantity", "number"),
        calculated("amount", "Net price", "number"),
        prop("discount", "Unit discount", "number"),
        prop("hs_discount_percentage", "Discount Percentage", "number"),
        prop("hs_product_id", "Product ID", "number"),
        prop("hs_sku", "SKU"),
        prop("hs_line_item_currency_code", "Currency", "select", **CURRENCY),
        prop("hs_tax_rate_group_id", "Tax rate group ID"),
        prop("hs_position_on_quote", "Position on quote", "number"),
        prop("recurringbillingfrequency", "Billing frequency", "select", "monthly|Monthly", "annually|Annually"),
        prop("hs_recurring_billing_start_date", "Billing start date", "date"),
        calculated("hs_pre_discount_amount", "Pre discount amount", "number"),
        *common("createdate", "hs_lastmodifieddate"),
    ],
)
ORDERS = schema(
    "orderinformation",
    "Order information",
    [
        prop("hs_order_name", "Name"),
        prop("hs_currency_code", "Currency code", "select", **CURRENCY),
        prop("hs_pipeline", "Pipeline", "select", options_from="pipelines", hints={"externalOptions": True}),
        prop("hs_pipeline_stage", "Stage", "select", options_from="stages", hints={"externalOptions": True}),
        prop("hs_source_store", "Source store"),
        prop("hs_fulfillment_status", "Fulfillment status"),
        prop("hs_payment_status", "Payment status"),
        prop("hs_external_order_id", "External order ID"),
        prop("hs_external_order_status", "External order status"),
        prop("hs_external_order_url", "External order URL"),
        prop("hs_external_created_date", "External created date", "datetime"),
        prop("hs_processed_date", "Processed date", "datetime"),
        prop("hs_total_price", "Total price", "number", hints=AMOUNT),
        prop("hs_subtotal_price", "Subtotal price", "number", hints=AMOUNT),
        prop("hs_tax", "Tax", "number", hints=AMOUNT),
        prop("hs_order_discount", "Order discount", "number", hints=AMOUNT),
        prop("hs_shipping_address_street", "Shipping street"),
        prop("hs_shipping_address_city", "Shipping city"),
        prop("hs_shipping_address_postal_code", "Shipping ZIP"),
        prop("hs_shipping_address_country", "Shipping country"),
        prop("hs_shipping_tracking_number", "Shipping tracking number"),
        prop("hs_billing_address_email", "Billing email"),
        prop("hs_billing_address_name", "Billing name"),
        prop("hs_billing_address_country", "Billing country"),
        prop("hs_order_note", "Order note", "area"),
        prop("hs_tags", "Tags"),
        calculated("hs_exchange_rate", "Exchange rate", "number"),
        calculated("hs_homecurrency_amount", "Amount in company currency", "number"),
        *common("hs_createdate", "hs_lastmodifieddate"),
    ],
)
SESSIONS = schema(
    "event_sessions_information",
    "Event session information",
    [
        prop("session_name", "Session name"),
        prop("session_code", "Session code", unique=True),
        prop("session_start", "Start", "datetime"),
        prop("session_day", "Day", "date"),
        prop("session_room", "Room"),
        prop("session_seats", "Seats", "number"),
        prop("session_track", "Track", "multi", "music|Music", "talk|Talk", "workshop|Workshop"),
        *common("hs_createdate", "hs_lastmodifieddate"),
    ],
)
for _definition in SESSIONS[1]:
    if _definition.name.startswith("session_"):
        _definition.hubspot_defined, _definition.archivable = False, True

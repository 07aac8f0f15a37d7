"""The steps of the wizard: choose records, review the suggestion, send one real order as a test."""

from django import forms
from django.utils.translation import gettext_lazy as _

from pretix_hubspot.mappings.suggestions import ATTENDEES, BUYERS, DEALS, EVERYTHING

LABELS = {
    BUYERS: _("Buyers: the email address of each order becomes a contact"),
    ATTENDEES: _("Attendees: the email address of each attendee becomes a contact"),
    DEALS: _("Deals: each order becomes a deal in your default pipeline"),
}


class ChooseForm(forms.Form):
    """The choice of records; ``possible`` are those that this event and this portal allow."""

    wanted = forms.MultipleChoiceField(
        label=_("What do you want to send to HubSpot?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Please choose at least one.")},
    )

    def __init__(self, *args, possible=EVERYTHING, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["wanted"].choices = [(name, LABELS[name]) for name in possible]
        self.fields["wanted"].initial = list(possible)


class ReviewForm(forms.Form):
    """The review of the suggestion: a form without fields, with a button that accepts it."""


class TryOrderForm(forms.Form):
    """One of the event's newest orders."""

    order = forms.ModelChoiceField(label=_("Order"), queryset=None, to_field_name="code", empty_label=None)

    def __init__(self, *args, event, **kwargs):
        super().__init__(*args, **kwargs)
        orders = event.orders.order_by("-datetime")
        # The field filters its queryset, which a slice forbids.
        self.fields["order"].queryset = orders.filter(pk__in=list(orders.values_list("pk", flat=True)[:20]))
        self.fields["order"].label_from_instance = lambda order: f"{order.code} ({order.get_status_display()})"

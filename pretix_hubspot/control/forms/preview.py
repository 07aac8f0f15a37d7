"""The form that chooses the order of a preview."""

from django import forms
from django.utils.translation import gettext_lazy as _

from pretix_hubspot.mappings.reading import text

OFFERED = 20


class PreviewForm(forms.Form):
    """An order of the event by its code; the newest ones are offered."""

    code = forms.CharField(label=_("Order code"), max_length=32)

    def __init__(self, *args, event, **kwargs):
        super().__init__(*args, **kwargs)
        self.event = event
        self.fields["code"].widget.attrs |= {"list": "hubspot-orders", "autocomplete": "off", "autofocus": True}
        self.offered = event.orders.order_by("-datetime")[:OFFERED]

    def clean_code(self):
        code = self.cleaned_data["code"].strip().upper().removeprefix(f"{self.event.slug.upper()}-")
        self.order = self.event.orders.filter(code=text(code)).first()
        if self.order is None:
            raise forms.ValidationError(_("There is no order with this code in this event."))
        return code

"""Forms of the connection pages."""

from django import forms
from django.core.validators import MaxValueValidator, RegexValidator
from django.utils.translation import gettext_lazy as _

from pretix_hubspot.hubspot.secret import Secret
from pretix_hubspot.models import EventConnection


class TokenForm(forms.Form):
    """One pasted token. It is never shown again, not even to the user who pasted it."""

    token = forms.CharField(
        label=_("Service key or private app token"),
        max_length=1024,
        validators=[
            # The text becomes part of a header.
            RegexValidator(r"\A[A-Za-z0-9._~+/=-]+\Z", _("This does not look like a service key or private app token."))
        ],
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "placeholder": "pat-eu1-…", "spellcheck": "false"}),
    )

    def clean_token(self):
        return Secret(self.cleaned_data["token"])


class EventOptionsForm(forms.ModelForm):
    """The options of an event's use of its connection."""

    class Meta:
        model = EventConnection
        fields = ("send_test_orders", "source_changes", "log_days", "log_values")
        labels = {
            "send_test_orders": _("Send test mode orders"),
            "source_changes": _("When dates, products, customers or the event change in pretix"),
            "log_days": _("Keep the log for this many days"),
            "log_values": _("Log the values that are sent"),
        }
        help_texts = {
            "send_test_orders": _(
                "By default, orders placed in test mode are not sent to HubSpot unless you use “Sync now” on the order."
            ),
            "source_changes": _(
                "Only orders that send something of it are concerned, and only what differs is written. "
                "What a changed mapping, a change in HubSpot or an upgrade would send otherwise is always offered."
            ),
            "log_days": _("0 keeps no log."),
            "log_values": _(
                "By default, the log only names the fields that were changed. "
                "With this option, it also holds what was written into them, and so personal data."
            ),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["log_days"].required = False
        self.fields["log_days"].validators.append(MaxValueValidator(365))
        self.fields["log_days"].widget.attrs["max"] = 365

    @property
    def changes(self):
        """The names and values that change, once the form is valid."""
        return {name: value for name, value in self.cleaned_data.items() if value != self.initial[name]}

    def clean_log_days(self):
        """An empty field changes nothing."""
        days = self.cleaned_data["log_days"]
        return self.initial["log_days"] if days is None else days

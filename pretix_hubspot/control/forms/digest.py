"""The form of the digest."""

from django import forms
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from pretix_hubspot.health.digest import MOST_ADDRESSES
from pretix_hubspot.models import EventConnection


class DigestForm(forms.ModelForm):
    """The digest's frequency and recipients."""

    class Meta:
        model = EventConnection
        fields = ("digest", "digest_to")
        labels = {"digest": _("Send a report by email"), "digest_to": _("To these email addresses")}
        help_texts = {"digest_to": _("One address per line.")}
        widgets = {"digest_to": forms.Textarea(attrs={"rows": 2})}

    def clean_digest_to(self):
        addresses = list(dict.fromkeys(self.cleaned_data["digest_to"].replace(",", " ").split()))
        if len(addresses) > MOST_ADDRESSES:
            raise forms.ValidationError(_("Please enter at most {count} email addresses.").format(count=MOST_ADDRESSES))
        for address in addresses:
            validate_email(address)
        return "\n".join(addresses)

    def clean(self):
        data = super().clean()
        if data.get("digest") and not data.get("digest_to") and "digest_to" not in self.errors:
            self.add_error("digest_to", _("Please enter at least one email address."))
        return data

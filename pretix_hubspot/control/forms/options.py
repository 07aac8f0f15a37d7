"""*More options* of one object mapping: which orders it sends, and how it treats changes of an order.

Only deviations from the defaults are stored, so that a better default improves all mappings.
"""

from dataclasses import replace

from django import forms
from django.conf import settings
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from pretix.base.models import Question

from pretix_hubspot.mappings.options import StoredFilters, StoredOptions
from pretix_hubspot.mappings.spec import REMOVE
from pretix_hubspot.sync.run.loading import OF_ORDER

from .choices import vanished

MAX_DATES = 500
REMOVES_OTHERS = _(
    "Objects that other orders, positions or people in HubSpot may use as well are never removed. To remove objects, "
    "choose an identifier of pretix's own, such as the order key or the position key."
)
GONE = _("{value} (no longer exists)")
MANY = {"class": "scrolling-multiple-choice"}


def _many(label, help_text=None):
    widget = forms.CheckboxSelectMultiple(attrs=MANY)
    return forms.MultipleChoiceField(label=label, help_text=help_text, required=False, widget=widget)


class OptionsForm(forms.Form):
    """The options. Choices that vanished stay, with a note: without them, more orders would be sent than the user
    chose.
    """

    paid = forms.BooleanField(
        label=_("Only paid orders"),
        required=False,
        help_text=_("What has been sent is kept up to date, even if the order is canceled later on."),
    )
    value = forms.BooleanField(label=_("Only if the value is above zero"), required=False)
    account = forms.BooleanField(label=_("Only orders of customers with an account"), required=False)
    admission = forms.BooleanField(label=_("Only admission products"), required=False)
    products = _many(
        _("Only these products"),
        _("One of the chosen categories, products or variations is enough. Choose nothing for all products."),
    )
    subevents = _many(pgettext_lazy("subevent", "Only these dates"), _("Choose nothing for all dates."))
    sales_channels = _many(_("Only these sales channels"), _("Choose nothing for all sales channels."))
    answers = _many(
        _("Only with one of these answers"),
        _("For example the consent to a newsletter. Choose nothing to send regardless of any answer."),
    )

    canceled = forms.ChoiceField(
        label=_("Canceled positions"),
        required=False,
        choices=(
            ("", _("Update what has been sent")),
            ("leave", _("Leave alone what has been sent")),
            ("detach", _("Leave alone what has been sent, and remove the associations that pretix has made")),
            (REMOVE, _("Remove the object from HubSpot")),
        ),
        help_text=_(
            "“Remove” needs an identifier of pretix's own, such as the position key. The object then moves to the "
            "recycle bin of HubSpot with everything that people have added to it, also when the whole order is "
            "canceled. Objects that anything else in pretix uses, or that were merged in HubSpot, stay."
        ),
    )
    replaced = forms.ChoiceField(
        label=_("Replaced people"),
        required=False,
        choices=(("", _("Keep the associations")), ("detach", _("Remove the associations that pretix has made"))),
        help_text=_(
            "When an attendee is replaced or an email address is changed, a different HubSpot object takes the place "
            "of the previous one, which is not deleted. Choose what happens to its association with the order."
        ),
    )

    same_address = forms.ChoiceField(
        label=_("Several people with the same email address"),
        required=False,
        choices=(
            ("", _("All of them fill in the HubSpot object, according to the modes of the properties")),
            ("first", _("The first order wins, others only fill what is empty")),
            ("buyer", _("The buyer wins over attendees, others only fill what is empty")),
            ("newest", _("The newest order wins, others only fill what is empty")),
            ("keep_names", _("Leave the name in HubSpot alone")),
        ),
        help_text=_(
            "HubSpot has one contact for each email address. If several mappings create contacts, the first of them "
            "decides. The page of an order shows with which orders it shares a contact."
        ),
    )

    lenient = forms.ChoiceField(
        label=_("Values that a HubSpot field does not take"),
        required=False,
        choices=(
            ("", _("Send nothing of the object and report a sync problem")),
            ("on", _("Leave out the property and name it on the page of the order")),
        ),
        help_text=_("For example an answer that is not among the options of the HubSpot field."),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        help_text=_("Names of products and of the event are sent in this language."),
    )
    labels = forms.ChoiceField(
        label=_("Choices in text fields"),
        required=False,
        choices=(("", _("Send identifiers")), ("on", _("Send labels in the language chosen above"))),
        help_text=_("Choices whose values have been mapped are not affected."),
    )

    CHANGES = ("canceled", "replaced", "same_address")
    VALUES = ("lenient", "language", "labels")
    SWITCHES = ("lenient", "labels")
    FLAGS = ("paid", "value", "account", "admission")
    FILTERS = (*FLAGS, "products", "subevents", "sales_channels", "answers")

    def __init__(self, *args, setup, **kwargs):
        self.setup = setup
        self.event = setup.mapping.event
        stored = setup.stored.options
        filters = stored.filters
        kwargs["initial"] = {flag: getattr(filters, flag) for flag in self.FLAGS}
        kwargs["initial"] |= {
            "products": [f"{kind}:{pk}" for kind in PRODUCTS for pk in getattr(filters, kind)],
            "subevents": [str(pk) for pk in filters.subevents],
            "sales_channels": list(filters.sales_channels),
            "answers": [":".join(answer) for answer in filters.answers],
        }
        kwargs["initial"] |= {name: getattr(stored, name) for name in (*self.CHANGES, "language")}
        kwargs["initial"] |= {name: "on" if getattr(stored, name) else "" for name in self.SWITCHES}
        super().__init__(*args, prefix="options", **kwargs)
        for name in self._not_offered():
            del self.fields[name]
        if not self.setup.source.of and "canceled" in self.fields:
            self._ask_about_orders()
        self.fields["language"].choices = self._languages()
        if not self.event.has_subevents and not self.initial["subevents"]:
            self.fields.pop("subevents", None)
        for name, choices in self._choices().items():
            self.fields[name].choices = [*choices, *vanished(self.initial[name], choices, GONE)]
            if not self.fields[name].choices:
                del self.fields[name]

    def _not_offered(self):
        """The fields without effect for this source."""
        source = self.setup.source
        offered = {*source.filters, *(("products",) if "items" in source.filters else ())}
        yield from (name for name in self.FILTERS if name not in offered)
        if not source.of and not source.is_own(self.setup.stored.pretix_id_field) and not self.initial["canceled"]:
            yield "canceled"

    def _ask_about_orders(self):
        """The same question about objects that stand for a whole order."""
        field = self.fields["canceled"]
        field.label = _("Canceled orders")
        field.choices = [choice for choice in field.choices if choice[0] in ("", REMOVE)]

    def refuse_removal(self, identifier):
        """Refuse to remove objects that do not stand for one order or position alone."""
        if self.cleaned_data.get("canceled") == REMOVE and not self.setup.source.is_own(identifier):
            self.add_error("canceled", REMOVES_OTHERS)

    def _choices(self):
        choices = {
            "products": lambda: _products(self.event),
            "sales_channels": lambda: self.setup.all_fields["sales_channel"].enum_opts or (),
            "answers": lambda: list(_answers(self.setup.all_fields)),
            "subevents": lambda: [(str(d.pk), str(d)) for d in self.event.subevents.order_by("-date_from")[:MAX_DATES]],
        }
        return {name: make() for name, make in choices.items() if name in self.fields}

    def _languages(self):
        own = [("", _("The language of the event")), (OF_ORDER, _("The language of the order"))]
        names = dict(settings.LANGUAGES)
        of_event = [(code, names.get(code, code)) for code in self.event.settings.locales]
        return [*own, *of_event, *vanished([self.initial["language"]], [*own, *of_event], GONE)]

    @property
    def filters(self):
        """The fields about filters, for the page."""
        return [self[name] for name in self.FILTERS if name in self.fields]

    @property
    def changes(self):
        """The fields about changes of orders that were sent."""
        return [self[name] for name in self.CHANGES if name in self.fields]

    @property
    def values(self):
        """The fields about how values are sent."""
        return [self[name] for name in self.VALUES]

    @cached_property
    def is_used(self):
        """Whether an option deviates from its default, or is invalid: then the panel opens by itself."""
        return self.setup.stored.options != StoredOptions() or bool(self.errors)

    def to_stored(self):
        data = self.cleaned_data
        chosen = {name: data.get(name) or "" for name in (*self.CHANGES, "language")}
        chosen |= {name: bool(data.get(name)) for name in self.SWITCHES}
        return replace(self.setup.stored.options, filters=self._filters(), **chosen)

    def _filters(self):
        data = self.cleaned_data
        pairs = [value.split(":") for value in data.get("products", ())]
        return StoredFilters(
            **{flag: bool(data.get(flag)) for flag in self.FLAGS},
            **{kind: tuple(int(pk) for of_kind, pk in pairs if of_kind == kind) for kind in PRODUCTS},
            subevents=tuple(int(pk) for pk in data.get("subevents", ())),
            sales_channels=tuple(data.get("sales_channels", ())),
            answers=tuple(answer.partition(":")[::2] for answer in data.get("answers", ())),
        )


PRODUCTS = ("categories", "items", "variations")


def _products(event):
    """Categories first, then each product with its variations, in one query."""
    rows = event.items.order_by("category__position", "category_id", "position", "pk", "variations__position")
    columns = ("pk", "internal_name", "name", "category_id", "category__name", "variations__pk", "variations__value")
    categories, products = {}, {}
    for pk, internal_name, name, category_id, category, variation_id, variation in rows.values_list(*columns):
        product = internal_name or str(name)
        products[f"items:{pk}"] = product
        if category_id:
            categories[f"categories:{category_id}"] = _("Category: {name}").format(name=category)
        if variation_id:
            products[f"variations:{variation_id}"] = f"{product} – {variation}"
    return [*categories.items(), *products.items()]


def _answers(fields):
    """Questions with their options, as the event's source fields know them."""
    for field in fields.values():
        question = field.key.removeprefix("question_")
        if question == field.key or field.type == Question.TYPE_FILE:
            continue
        if field.type == Question.TYPE_BOOLEAN:
            yield f"{question}:", _("{question} – yes").format(question=field.label)
            continue
        yield f"{question}:", _("{question} – any answer").format(question=field.label)
        for option, label in field.enum_opts or ():
            yield f"{question}:{option}", f"{field.label} – {label}"

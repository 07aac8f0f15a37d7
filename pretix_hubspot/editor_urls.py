"""Pages and dialogs around the editor of object mappings; ``event`` is the address of the event's pages."""

from django.urls import path

from .views.newproperty import NewProperty
from .views.preview import PreviewOrder
from .views.resend import Resend
from .views.start import Export, Start
from .views.valuemaps import ValueMap


def editor_urls(event: str) -> list:
    mapping = event + "mapping/<int:mapping>/"
    return [
        path(mapping + "values/", ValueMap.as_view(), name="mapping.values"),
        path(mapping + "property/new/", NewProperty.as_view(), name="property.new"),
        path(event + "resend/", Resend.as_view(), name="resend"),
        path(event + "start/", Start.as_view(), name="start"),
        path(event + "export/", Export.as_view(), name="export"),
        path(event + "preview/", PreviewOrder.as_view(), name="preview"),
    ]

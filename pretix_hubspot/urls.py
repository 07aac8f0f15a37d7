"""Pages of the control area. Names are in the namespace ``plugins:pretix_hubspot``."""

from django.urls import path

from pretix_hubspot.control.views import (
    access_request,
    connect,
    diagnosis,
    editor,
    health,
    log,
    mappings,
    new_property,
    oauth,
    organizer,
    preview,
    resend,
    settings,
    start,
    value_maps,
    wizard,
)

EVENT = "control/event/<str:organizer>/<str:event>/hubspot/"
MAPPING = EVENT + "mapping/<int:mapping>/"
ORGANIZER = "control/organizer/<str:organizer>/hubspot/"

urlpatterns = [
    # connection
    path(EVENT, settings.Settings.as_view(), name="settings"),
    path(EVENT + "options/", connect.EventOptions.as_view(), name="options"),
    path(EVENT + "connect/ask/", access_request.AskForConnection.as_view(), name="connect.ask"),
    path(EVENT + "connect/oauth/", oauth.RequestAccess.as_view(), name="connect.oauth"),
    path(EVENT + "connect/token/", connect.ConnectToken.as_view(), name="connect.token"),
    path(EVENT + "join/", connect.Join.as_view(), name="join"),
    path(EVENT + "leave/", connect.Leave.as_view(), name="leave"),
    path(EVENT + "disconnect/", connect.Disconnect.as_view(), name="disconnect"),
    path(EVENT + "check/", diagnosis.Diagnosis.as_view(), name="diagnosis"),
    path(EVENT + "log/", log.Log.as_view(), name="log"),
    path(EVENT + "log/<int:run>/", log.LogOfRun.as_view(), name="log.run"),
    path("control/hubspot/oauth/return/", oauth.OAuthReturn.as_view(), name="oauth.return"),
    path(ORGANIZER, organizer.OrganizerPage.as_view(), name="organizer.connections"),
    path(ORGANIZER + "connect/oauth/", oauth.OrganizerRequestAccess.as_view(), name="organizer.connect.oauth"),
    path(ORGANIZER + "connect/token/", connect.OrganizerConnectToken.as_view(), name="organizer.connect.token"),
    path(
        ORGANIZER + "disconnect/<int:connection>/", organizer.OrganizerDisconnect.as_view(), name="organizer.disconnect"
    ),
    # health
    path(EVENT + "problems/", health.Problems.as_view(), name="problems"),
    path(EVENT + "problems/<str:action>/", health.ActOnCause.as_view(), name="problems.act"),
    path(EVENT + "orders/<str:state>/", health.Orders.as_view(), name="orders"),
    path(EVENT + "order/<str:code>/ignore/", health.IgnoreOrder.as_view(), name="order.ignore"),
    path(EVENT + "digest/", health.Digest.as_view(), name="digest"),
    path(EVENT + "pause/", health.Pause.as_view(), name="pause"),
    path(ORGANIZER + "pause/<int:connection>/", health.OrganizerPause.as_view(), name="organizer.pause"),
    # mapping
    path(EVENT + "mappings/", mappings.SaveMappings.as_view(), name="mappings.save"),
    path(EVENT + "suggest/", mappings.Suggest.as_view(), name="suggest"),
    path(EVENT + "catalog/refresh/", mappings.RefreshCatalog.as_view(), name="catalog.refresh"),
    path(MAPPING, editor.EditMapping.as_view(), name="mapping.edit"),
    path(MAPPING + "check/", editor.CheckRow.as_view(), name="mapping.check"),
    path(MAPPING + "values/", value_maps.ValueMap.as_view(), name="mapping.values"),
    path(MAPPING + "property/new/", new_property.NewProperty.as_view(), name="property.new"),
    path(MAPPING + "property/", editor.CreateKeyProperty.as_view(), name="property.create"),
    path(MAPPING + "refresh/", editor.RefreshMappingCatalog.as_view(), name="mapping.refresh"),
    path(EVENT + "resend/", resend.Resend.as_view(), name="resend"),
    path(EVENT + "start/", start.Start.as_view(), name="start"),
    path(EVENT + "export/", start.Export.as_view(), name="export"),
    path(EVENT + "preview/", preview.PreviewOrder.as_view(), name="preview"),
    path(EVENT + "wizard/", wizard.Wizard.as_view(), name="wizard"),
    path(EVENT + "wizard/try/", wizard.TryOrder.as_view(), name="wizard.try"),
]

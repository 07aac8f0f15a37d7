"""The portal's schema: object types, properties, pipelines and labels, as HubSpot described them last."""

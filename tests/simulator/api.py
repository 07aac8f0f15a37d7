"""HubSpot's API as tests call it, whatever its version."""

import requests

START = 1_795_258_800.0  # 2026-11-21 11:00:00 UTC, noon in Berlin


class Api:
    """HubSpot's API for the length of a test: ``api.post("/crm/objects/V/contacts", {...})``."""

    def __init__(self, url, token, version="2026-03"):
        self.url, self.version = url, version
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method, path, body=None, **kwargs):
        path = path.replace("/V", f"/{self.version}", 1)
        return self.session.request(method, self.url + path, json=body, timeout=10, **kwargs)

    def get(self, path, **kwargs):
        return self("GET", path, **kwargs)

    def post(self, path, body=None, **kwargs):
        return self("POST", path, body, **kwargs)

    def patch(self, path, body=None, **kwargs):
        return self("PATCH", path, body, **kwargs)

    def put(self, path, body=None, **kwargs):
        return self("PUT", path, body, **kwargs)

    def delete(self, path, **kwargs):
        return self("DELETE", path, **kwargs)

"""An edge that answers anything, at any pace: typed errors only, bounded memory and time, no secret anywhere.

The clock is the test's: only waiting moves it. ``make soak`` draws thousands.
"""

import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pretix_hubspot.hubspot import deadline
from pretix_hubspot.hubspot.budget.shared import NoBudget
from pretix_hubspot.hubspot.client import Client
from pretix_hubspot.hubspot.errors import HubSpotError
from pretix_hubspot.hubspot.oauth import OAuthApp
from pretix_hubspot.hubspot.secret import Secret
from pretix_hubspot.hubspot.transport import new_session
from tests.memory import traced
from tests.unit.hubspot.wires import Clock, Wire

SECRETS = ("pat-eu1-0a1b2c3d-very-secret", "client-secret-of-the-app-9f8e7d", "eu1-refresh-token-secret-5a4b")
LIMIT = 20  # seconds: twice the read timeout

ODD = st.sampled_from(
    [b"", b"\r\n", b"\n", b"\x00", b"\xff" * 9, b" " * 70_000, b"HTTP/1.1", b"[" * 5_000, b'{"errors": [', b"ff\r\n"]
    + [b"HTTP/1.1 100 Continue\r\n\r\n", b"X: y\r\n" * 150, b"\x1f\x8b\x08", b"0\r\n\r\n", b"Content-Length: 5\r\n"]
    + [secret.encode() for secret in SECRETS]
)
STATUS = st.one_of(
    st.integers(0, 1_200).map(lambda number: b"HTTP/1.1 %d X\r\n" % number),
    st.sampled_from(
        [b"HTTP/1.1 200\r\n", b"HTTP/9 200 OK\r\n", b"ICY 200 OK\r\n", b"SSH-2.0-x\r\n", b"HTTP/1.1 -1 X\r\n"]
    ),
)
HEADER = st.one_of(
    st.sampled_from(
        [b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 99999999999", b"Transfer-Encoding: chunked"]
        + [b"Content-Encoding: gzip", b"Content-Encoding: deflate, gzip", b"Location: https://evil.example/", b": x"]
        + [b"Retry-After: 1e400", b"Set-Cookie: a=b", b"Connection: close", b"X-HubSpot-Correlation-Id: a\x1b[31m"]
    ),
    st.binary(max_size=40),
).map(lambda header: header.replace(b"\n", b"") + b"\r\n")
BODY = st.one_of(
    st.binary(max_size=300),
    ODD,
    st.sampled_from(
        [b'{"status": "BAD_REFRESH_TOKEN"}', b'{"message": "' + SECRETS[0].encode() + b'"}', b"{}", b"null"]
    ),
)
PIECES = st.builds(
    lambda status, headers, body, rest: [status, *headers, b"\r\n", body, *rest],
    STATUS,
    st.lists(HEADER, max_size=6),
    BODY,
    st.lists(ODD, max_size=4),
)
PAUSES = st.lists(st.sampled_from([0, 0, 0, 0.5, 3, 9.9, 11, 500]), min_size=1, max_size=8)


def call_client(session):
    return Client(
        "http://far.end", "2026-03", lambda: Secret(SECRETS[0]), None, NoBudget(), session, (3.0, 10.0)
    ).account()


def call_app(session):
    app = OAuthApp("id", SECRETS[1], "http://far.end", "http://far.end", http=session, timeouts=(3.0, 10.0))
    return app.refresh(Secret(SECRETS[2]))


@pytest.mark.parametrize("call", [call_client, call_app], ids=["api", "token endpoint"])
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(pieces=PIECES, pauses=PAUSES, drip=st.booleans())
def test_any_edge(call, caplog, pieces, pauses, drip):
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    script = list(zip((pauses * len(pieces))[: len(pieces)], pieces, strict=True))
    if drip:  # and never an end
        script += [(9.9, b"x")] * 1_000
    clock = Clock()
    wire = Wire(clock, script)
    with traced() as used, pytest.MonkeyPatch.context() as patch, new_session("0") as session:
        patch.setattr(deadline, "clock", clock)
        pools = session.get_adapter("http://").poolmanager.pool_classes_by_scheme
        patch.setattr(pools["http"].ConnectionCls, "_new_conn", lambda self: wire.settimeout(self.timeout) or wire)
        try:
            said = repr(call(session))
        except HubSpotError as error:
            said = f"{error!r} {error.message} {error.details}"

    assert clock.now <= LIMIT
    assert used.peak < 20_000_000
    assert not any(secret in said for secret in SECRETS)
    assert not any(secret in record.getMessage() for record in caplog.records for secret in SECRETS)

"""The account as it describes itself (hubspot.md 13)."""


def test_account_details(api, modern):
    body = api.get("/account-info/V/details").json()
    assert body == {
        "portalId": 48100001,
        "accountType": "STANDARD",
        "timeZone": "Europe/Berlin",
        "companyCurrency": "EUR",
        "additionalCurrencies": ["CHF", "USD"],
        "utcOffset": "+01:00",
        "utcOffsetMilliseconds": 3600000,
        "uiDomain": "app-eu1.hubspot.com",
        "dataHostingLocation": "eu1",
    }
    assert set(modern.get("/account-info/V/details").json()) - set(body) == {"portalName", "createdAt"}

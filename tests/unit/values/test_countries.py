"""Countries by code and by name, as portals' lists spell them; the names are literals, never the module's own."""

import pytest

from pretix_hubspot.hubspot.data import Option, PropertyDefinition
from pretix_hubspot.values import countries
from pretix_hubspot.values.convert import convert, warning
from pretix_hubspot.values.rows import OVERWRITE

NAMES = {
    "AT": "Austria, Österreich, Autriche, AUT, AT - Austria, Austria / Österreich",
    "AU": "Australia, Australien",
    "BO": "Bolivia, Bolivia (Plurinational State of)",
    "BS": "The Bahamas",
    "CD": "Democratic Republic of the Congo, Congo (DRC), Congo {Democratic Rep}, DR Kongo",
    "CG": "Congo, Republic of the Congo",
    "CI": "Côte d’Ivoire, Cote d'Ivoire, Ivory Coast, Elfenbeinküste",
    "CZ": "Czech Republic, Czechia, Tschechien, Tschechische Republik, Česko",
    "DE": "Germany, Deutschland, Allemagne, Alemania, Germania, Duitsland, Tyskland, Niemcy, Německo, Saksa, "
    "ドイツ, 德国, 독일, Германия, Γερμανία, DEU, DE, germany, GERMANY, Germany (DE), Germany (Deutschland), "
    "49 - Germany, 🇩🇪 Germany",
    "GB": "United Kingdom, UK, U.K., Great Britain, Vereinigtes Königreich, Großbritannien, Royaume-Uni, Reino Unido, "
    "United Kingdom of Great Britain and Northern Ireland, GBR, Great Britain (UK), Velká Británie",
    "GN": "Guinea",
    "GQ": "Equatorial Guinea",
    "GW": "Guinea Bissau, Guinea-Bissau",
    "HK": "Hong Kong, Hong Kong SAR China",
    "KN": "St. Kitts & Nevis, Saint Kitts and Nevis",
    "KP": "North Korea, Korea (North), Korea, Democratic People's Republic of",
    "KR": "South Korea, Korea (South), Republic of Korea, Südkorea, Corea del Sur",
    "MK": "North Macedonia, Macedonia (FYROM), Nordmazedonien",
    "NL": "Netherlands, The Netherlands, Holland, Niederlande, Pays-Bas, Países Bajos",
    "RU": "Russia, Russian Federation, Russland, Russie, Rusia",
    "ST": "São Tomé & Príncipe",
    "TR": "Turkey, Türkiye, Türkei",
    "TW": "Taiwan, Taiwan, Province of China",
    "US": "United States, United States of America, USA, U.S.A., US, Vereinigte Staaten, États-Unis, Estados Unidos",
    "VG": "British Virgin Islands, Virgin Islands (British)",
    "VI": "U.S. Virgin Islands, Virgin Islands, U.S.",
    "VN": "Vietnam, Viet Nam",
    "XK": "Kosovo, XKX",
}
WITH_COMMAS = ("Korea, Democratic People's Republic of", "Taiwan, Province of China", "Virgin Islands, U.S.")


def spelled(names):
    whole = [name for name in WITH_COMMAS if name in names]
    for name in whole:
        names = names.replace(f", {name}", "").replace(name, "")
    return [*filter(None, names.split(", ")), *whole]


@pytest.mark.parametrize(("code", "name"), [(code, name) for code, names in NAMES.items() for name in spelled(names)])
def test_names(code, name):
    assert countries.code_of(name) == code


@pytest.mark.parametrize(
    "name",
    ["", "Other", "Europe", "England", "Northern Ireland", "Virgin Islands", "Germany / Austria", "de", "49"]
    + ["Netherlands Antilles", "USA - other islands"],
)
def test_what_is_no_country_or_more_than_one(name):
    assert countries.code_of(name) is None


@pytest.mark.parametrize("code", countries.codes())
def test_every_country_has_a_name_that_means_it(code):
    assert countries.code_of(countries.name_of(code)) == code


def test_no_country_has_no_name():
    assert countries.name_of("ZZ") is None


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([("at", "Österreich"), ("de", "Deutschland")], "de"),
        ([("c1", "Autriche"), ("c2", "Allemagne")], "c2"),
        ([("AUT", "A"), ("DEU", "D")], "DEU"),
        ([("Germany", "AUT"), ("x", "Germany")], "x"),  # people read the label
        ([("1", "Germany"), ("2", "Deutschland")], "1"),
        ([("de", "German"), ("fr", "French")], None),
        ([], None),
    ],
)
def test_the_option_of_germany(options, found):
    assert countries.option_for("DE", [Option(*option) for option in options]) == found


# ---- in the table of conversions


def listing(*labels):
    options = tuple(Option(label.lower(), label) for label in labels)
    return PropertyDefinition("land", "Land", "enumeration", "select", options=options)


def test_a_map_decides_on_the_countries_that_it_names():
    mapped = {"AT": "deutschland", "FR": ""}
    sent = {code: convert(code, "CC", listing("Deutschland"), mapped) for code in ("DE", "AT", "FR")}

    assert sent == {"DE": "deutschland", "AT": "deutschland", "FR": ""}
    assert convert("CH", "CC", listing("Deutschland"), mapped).code == "no_option"


def test_the_editor_names_the_countries_that_a_list_lacks():
    everywhere = [countries.name_of(code) for code in countries.codes()]

    assert warning("CC", listing(*everywhere), OVERWRITE) is None
    assert warning("CC", listing(*everywhere[1:]), OVERWRITE).params["option_labels"] == everywhere[:1]
    assert "option_labels" not in warning("CC", listing("Small", "Large"), OVERWRITE).params
    assert warning("CC", listing(), OVERWRITE).code == "no_option", "only HubSpot knows what fits"

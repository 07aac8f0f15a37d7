"""Countries by their codes and by their names in any of the usual languages. Pure.

pretix knows a country by its code of two letters; a portal's list of countries holds names, in a language and spelling
that HubSpot does not state.
"""

import gettext
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.util import find_spec

import pycountry

from pretix_hubspot.hubspot.data import Option

# Countries that pretix offers, and ISO has no code for.
BEYOND_ISO = {"XK": "Kosovo"}

#: The languages of pretix and of HubSpot, and their neighbours, as either of the sources of names calls them.
LANGUAGES = (
    "ar bg bs ca cs da de el es et eu fi fr ga gl he hr hu id is it ja ko lt lv mk mt nb nb_NO nl nn pl pt pt_BR ro ru "
    "sk sl sq sr sr_Latn sr@latin sv th tr uk vi zh_CN zh_HK zh_TW zh_Hans zh_Hant"
)

#: Names beside those of ISO and its translations.
OTHER_NAMES = {
    "AE": "UAE, Emirates, VAE",
    "AX": "Aland",
    "BA": "Bosnia, Bosnia-Hercegovina, Bosnien",
    "BN": "Brunei",
    "BY": "White Russia, Weißrussland",
    "BQ": "Caribbean Netherlands",
    "CD": "DR Congo, DRC, Congo DRC, Congo (Kinshasa), Congo (Democratic Republic), Zaire, DR Kongo, "
    "Congo (the Democratic Republic of the)",
    "CG": "Congo (Brazzaville), Republic of the Congo, Congo Republic",
    "CI": "Ivory Coast, Elfenbeinküste",
    "CN": "PRC, Mainland China, China (Mainland)",
    "CV": "Cape Verde, Kap Verde",
    "CZ": "Czech Republic, Tschechische Republik, République tchèque, República Checa, Repubblica Ceca",
    "DE": "Bundesrepublik Deutschland, BRD",
    "FK": "Falklands",
    "FM": "Micronesia",
    "FO": "Faeroe Islands",
    "GB": "UK, Great Britain, Britain, Großbritannien, Grande-Bretagne, Gran Bretaña, Gran Bretagna, "
    "Great Britain (UK), United Kingdom (UK), Groot-Brittannië, Grã-Bretanha, Velká Británie, "
    "Veľká Británia, Storbritannien",
    "HK": "Hong Kong SAR, Hong Kong SAR China, Hong Kong (China), Hongkong",
    "IE": "Republic of Ireland, Eire",
    "KN": "St Kitts, Saint Kitts",
    "KP": "DPRK, Korea (North)",
    "KR": "Korea, Korea (South), Südkorea",
    "LY": "Libyan Arab Jamahiriya",
    "MF": "Saint Martin",
    "MK": "Macedonia, Macedonia (FYROM), FYROM, Former Yugoslav Republic of Macedonia, Mazedonien",
    "MM": "Burma, Myanmar (Burma)",
    "MO": "Macau, Macao SAR, Macau SAR, Macao SAR China, Macau SAR China, Macau (China), Macao (China)",
    "NL": "Holland, The Netherlands, Pays-Bas",
    "PN": "Pitcairn Islands",
    "PS": "Palestine, Palestinian Territory, Palestinian Territories, Palestinian Territory Occupied",
    "RU": "Russia",
    "SH": "Saint Helena",
    "SJ": "Svalbard",
    "SX": "Sint Maarten, Saint Martin (Dutch part)",
    "SZ": "Swaziland",
    "TF": "French Southern and Antarctic Lands",
    "TL": "East Timor",
    "TR": "Turkey",
    "TW": "Taiwan (China), Taiwan (ROC)",
    "UM": "US Minor Outlying Islands, United States Minor Outlying Islands, US Outlying Islands",
    "US": "USA, US, U.S., United States of America, America, Vereinigte Staaten von Amerika, Etats-Unis d'Amérique, "
    "Estados Unidos de América, Stati Uniti d'America, EUA, EEUU, EE.UU., EE. UU., Amerika",
    "VA": "Vatican, Vatican City, Holy See",
    "VC": "Saint Vincent",
    "VG": "BVI",
    "VI": "USVI, US Virgin Islands",
    "VN": "Vietnam",
    "XK": "Republic of Kosovo, Kosova",
}
#: Parts of a country that lists offer beside it, or in place of it: pretix does not know who lives in Wales.
NO_COUNTRIES = "England, Scotland, Wales, Northern Ireland, Nordirland, Schottland, Irlande du Nord"

#: Words that names are written with or without, in several languages.
SMALL_WORDS = "the of and la le les los las el il lo der die das de del et y e und"
SAME_WORDS = {"st": "saint", "ste": "saint", "is": "islands", "rep": "republic", "dem": "democratic"}
Words = frozenset[str]


def codes() -> list[str]:
    """All codes that pretix offers: those of ISO 3166-1 alpha-2, and Kosovo's."""
    return [*(country.alpha_2 for country in pycountry.countries), *BEYOND_ISO]


def name_of(code: str) -> str | None:
    """The usual English name, as in HubSpot's own lists."""
    country = pycountry.countries.get(alpha_2=code)
    if country is None:
        return BEYOND_ISO.get(code)
    return getattr(country, "common_name", country.name)


def option_for(code: str, options: Sequence[Option]) -> str | None:
    """The internal value of the country's option, found by its label or else by its value."""
    by_label = (option.value for option in options if code_of(option.label) == code)
    by_value = (option.value for option in options if code_of(option.value) == code)
    return next(by_label, None) or next(by_value, None)


def code_of(text: str) -> str | None:
    """The country that a text names: by a code in capitals, or by a name, alone or with another one beside it."""
    whole = _known(text)
    if whole is not None:
        return whole or None
    parts = re.split(r"[/|:]|\s[-–—]\s", re.sub(r"\(.*?\)", " ", text))
    matches = {_known(part) for part in parts if not part.strip().isdigit()}
    return (matches.pop() or None) if len(matches) == 1 else None


def _known(text: str) -> str | None:
    """The country of a text; "" for a part of a country; None for an unknown one."""
    text = text.strip()
    return _by_code().get(text) or _by_name().get(_words(text))


@cache
def _by_code() -> dict[str, str]:
    codes_by_code = {code: code for code in codes()} | {"XKX": "XK"}
    return codes_by_code | {country.alpha_3: country.alpha_2 for country in pycountry.countries}


@cache
def _by_name() -> dict[Words, str]:
    """Names -> codes. More reliable names come later and win: those in English win over those in other languages."""
    english = [(code, name) for code in codes() for name in _names(code)]
    translated = [(code, say(name)) for say in _translations() for code, name in english]
    shortened = [(code, re.split("[,(]", name)[0]) for code, name in [*english, *translated]]
    names = _unambiguous(shortened) | _unambiguous(translated)
    names |= {_words(name): code for code, name in english}
    names |= {_words(name): "" for name in NO_COUNTRIES.split(", ")}
    return {words: code for words, code in names.items() if words}


def _unambiguous(pairs: Iterable[tuple[str, str]]) -> dict[Words, str]:
    """The names that belong to one country only."""
    by_words: dict[Words, set[str]] = {}
    for code, name in pairs:
        by_words.setdefault(_words(name), set()).add(code)
    return {words: meant.pop() for words, meant in by_words.items() if len(meant) == 1}


def _names(code: str) -> list[str]:
    """In English, mostly; those of ``OTHER_NAMES`` are often what django-countries has translated."""
    country = pycountry.countries.get(alpha_2=code)
    named = [getattr(country, kind, "") for kind in ("official_name", "common_name", "name")]
    named += [BEYOND_ISO.get(code, ""), *OTHER_NAMES.get(code, "").split(", ")]
    return [name for name in named if name]


def _translations() -> list[Callable[[str], str]]:
    """The names of pycountry, and of django-countries, which pretix shows to users; its catalogues need no Django."""
    spec = find_spec("django_countries")
    shown = [("django", f"{place}/locale") for place in (spec and spec.submodule_search_locations) or ()]
    return [
        gettext.translation(domain, place, [language], fallback=True).gettext
        for domain, place in [("iso3166-1", pycountry.LOCALES_DIR), *shown]
        for language in LANGUAGES.split()
    ]


def _words(text: str) -> Words:
    """The words of a name, without accents, small words and marks, in any order."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    plain = re.sub("[.'’`´]", "", plain.replace("ß", "ss"))
    words = re.findall(r"[^\W_]+", plain)
    return frozenset(SAME_WORDS.get(word, word) for word in words if word not in SMALL_WORDS.split())

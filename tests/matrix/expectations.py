"""What becomes of every pretix type in every HubSpot property, in each mode: written down by hand, never computed.

Cells are separated by ``|``, and words in capitals stand for what ``WORDS`` and ``GROUPS`` say.
"""

#: The properties of the portal, with all types and field types of hubspot.md 6.1: name, type, field type, options, and
#: how HubSpot shows a number.
PROPERTIES = """
text                   | string       | text                 |
textarea               | string       | textarea             |
html                   | string       | html                 |
phonetext              | string       | phonenumber          |
file                   | string       | file                 |
calculated_string      | string       | calculation_equation |
number                 | number       | number               |
money                  | number       | number               |                                      | currency
percentage             | number       | number               |                                      | percentage
duration               | number       | number               |                                      | duration
calculated_number      | number       | calculation_equation |
bool                   | bool         | booleancheckbox      | true=Yes, false=No
calculated_bool        | bool         | calculation_equation | true=Yes, false=No
select                 | enumeration  | select               | KEPT, true=Yes, false=No, S, L=Large, 5, COUNTRIES, XK
radio                  | enumeration  | radio                | KEPT, true=Yes, false=No, S, L=Large, 5, COUNTRIES, XK
checkbox               | enumeration  | checkbox             | KEPT, true=Yes, false=No, S, L=Large, 5, COUNTRIES, XK
single                 | enumeration  | booleancheckbox      | true, false
narrow_select          | enumeration  | select               | KEPT, S
narrow_radio           | enumeration  | radio                | KEPT, S
narrow_checkbox        | enumeration  | checkbox             | KEPT, S
countries              | enumeration  | select               | KEPT, COUNTRIES
country_names          | enumeration  | select               | KEPT, NAMES, k=Republic of Kosovo
hubspot_owner_id       | enumeration  | select               |
calculated_enumeration | enumeration  | calculation_equation | KEPT, S
date                   | date         | date                 |
datetime               | datetime     | date                 |
telephone              | phone_number | phonenumber          |
"""

WORDS = {
    "NONE": "",  # the question has no answer
    "LONG": "x" * 70_000,
    "CUT": "x" * 65_536,
    "EMOJI": "😀" * 40_000,
    "EMOJI_CUT": "😀" * 32_768,  # an emoji counts two
    "LINES": "first\nsecond",
    "BREAK": "first<br>second",
    "ONE_LINE": "first second",
    "FEBRUARY": "2026-02-28 12:00",
    "NOONS": "2026-03-29 12:00/2024-02-29 12:00",
    "AMOUNTS": "EUR 5.00/EUR -12.50/EUR 100.00/EUR 0.00",
    "SPANS": "1 h 30 min/100 h 5 s 500 ms",
    "SUMMER": "2026-03-29 03:00/2026-10-25 02:30",
    "WINTER": "2026-10-25 02:30/2026-07-01 00:30",
}
GROUPS = {
    "TEXTS": "text textarea phonetext html",
    "LISTS": "select radio checkbox single LANDS narrow_select narrow_radio narrow_checkbox OWNER",
    "LANDS": "countries country_names",
    "NUMBERS": "number money percentage duration",
    "CALCULATED": "calculated_string calculated_number calculated_bool calculated_enumeration",
    "ONE_OPTION": "select radio",
    "NARROW": "narrow_select narrow_radio",
    "OWNER": "hubspot_owner_id",  # the portal's own; its options are the people who may own records
}

#: What a property holds after each mode, "new" being what the tables below say, and "held" what was there.
MODES = """
          | new contact | empty property | filled property
overwrite | new         | new            | new
if_new    | new         | -              | held
if_empty  | new         | new            | held
append    | new         | new            | ADDED
"""

#: The same where the order has nothing to say.
MODES_WITHOUT_VALUE = """
          | new contact | empty property | filled property
overwrite | -           | -              | -
if_new    | -           | -              | held
if_empty  | -           | -              | held
append    | -           | -              | held
"""

#: "Add to list": what was there, what is there afterwards if the new value differs, and the editor's warning.
ADDED = """
text textarea html phonetext                      | kept                 | kept;new       | -
checkbox narrow_checkbox                          | KEPT                 | KEPT;new       | -
NUMBERS                                           | 7                    | !number_filled | append_number
bool single                                       | true                 | !already_set   | append_single
ONE_OPTION NARROW LANDS                           | KEPT                 | !already_set   | append_single
OWNER                                             | 610048102            | !already_set   | append_single
date                                              | 1999-12-31           | !already_set   | append_single
datetime                                          | 1999-12-31T23:00:00Z | !already_set   | append_single
telephone                                         | +41446681800         | !already_set   | append_single
"""

#: Texts that leave no room for all of themselves behind what was there.
ADDED_AND_CUT = {"CUT": "kept;" + "x" * 65_531, "EMOJI_CUT": "kept;" + "😀" * 32_765}

#: One table for each pretix field. Its first line: the type, the choices (identifier, and label where it differs), and
#: samples as pretix stores them, with "+" between several choices.
#: Further lines: names of properties, the code of the editor's warning, and for each sample
#:    =  it is stored as it is
#:    -  nothing is stored
#:    !  it is refused with the warning's code (!code: with another one), and the contact stays as it was
#:    ~  it is left out, since HubSpot would take it for something else, and the property stays as it was
#: The last column is what a person sees in HubSpot, for each sample that is stored, with "/" between them; "=" is just
#: what is stored, for one sample or for all.
TABLES = """
S                   |                    | Grace | Ümläut 😀 | S | 12.50 | 2026-02-28           | yes  | NONE | SEEN
TEXTS               | -                  | =     | =        | = | =     | =                    | =    | -    | =
file                | incompatible       | !     | !        | ! | !     | !                    | !    | -    |
number              | not_a_number       | !     | !        | ! | 12.5  | !                    | !    | -    | 12.5
money               | not_a_number       | !     | !        | ! | 12.5  | !                    | !    | -    | EUR 12.50
percentage          | not_a_number       | !     | !        | ! | 0.125 | !                    | !    | -    | 12.5%
duration            | not_a_duration     | !     | !        | ! | !     | !                    | !    | -    |
bool                | not_a_boolean      | !     | !        | ! | !     | !                    | true | -    | Yes
ONE_OPTION checkbox | no_option          | !     | !        | = | !     | !                    | true | -    | S/Yes
single LANDS        | no_option          | !     | !        | ! | !     | !                    | !    | -    |
NARROW              | no_option          | !     | !        | = | !     | !                    | !    | -    | S
narrow_checkbox     | no_option          | !     | !        | = | !     | !                    | !    | -    | S
date                | not_a_date         | !     | !        | ! | !     | =                    | !    | -    | =
datetime            | not_a_date         | !     | !        | ! | !     | 2026-02-28T11:00:00Z | !    | -    | FEBRUARY
telephone           | not_a_phone        | !     | !        | ! | =     | =                    | !    | -    | =
OWNER               | no_option          | !     | !        | ! | !     | !                    | !    | -    |
CALCULATED          | read_only_property | !     | !        | ! | !     | !                    | !    | !    |

T                      |                    | LONG | EMOJI     | LINES | S;L | NONE | SEEN
textarea phonetext     | -                  | CUT  | EMOJI_CUT | =     | =   | -    | =
text                   | -                  | CUT  | EMOJI_CUT | =     | =   | -    | =/=/ONE_LINE/=
html                   | -                  | CUT  | EMOJI_CUT | BREAK | =   | -    | =/=/LINES/=
file                   | incompatible       | !    | !         | !     | !   | -    |
number                 | not_a_number       | !    | !         | !     | !   | -    |
money                  | not_a_number       | !    | !         | !     | !   | -    |
percentage             | not_a_number       | !    | !         | !     | !   | -    |
duration               | not_a_duration     | !    | !         | !     | !   | -    |
bool                   | not_a_boolean      | !    | !         | !     | !   | -    |
ONE_OPTION             | no_option          | !    | !         | !     | !   | -    |
single                 | no_option          | !    | !         | !     | !   | -    |
checkbox               | no_option          | !    | !         | !     | =   | -    | S; Large
NARROW narrow_checkbox | no_option          | !    | !         | !     | !   | -    |
LANDS                  | no_option          | !    | !         | !     | !   | -    |
date datetime          | not_a_date         | !    | !         | !     | !   | -    |
telephone              | not_a_phone        | !    | !         | !     | !   | -    |
OWNER                  | no_option          | !    | !         | !     | !   | -    |
CALCULATED             | read_only_property | !    | !         | !     | !   | !    |

T                      |                    | -3    | true | <b>&           | NONE | SEEN
textarea phonetext     | -                  | =     | =    | =              | -    | =
text                   | -                  | =     | =    | =              | -    | =
html                   | -                  | =     | =    | &lt;b&gt;&amp; | -    | =/=/<b>&
file                   | incompatible       | !     | !    | !              | -    |
number                 | not_a_number       | =     | !    | !              | -    | =
money                  | not_a_number       | =     | !    | !              | -    | EUR -3.00
percentage             | not_a_number       | -0.03 | !    | !              | -    | -3%
duration               | not_a_duration     | !     | !    | !              | -    |
bool                   | not_a_boolean      | !     | =    | !              | -    | Yes
ONE_OPTION             | no_option          | !     | =    | !              | -    | Yes
single                 | no_option          | !     | =    | !              | -    | =
checkbox               | no_option          | !     | =    | !              | -    | Yes
NARROW narrow_checkbox | no_option          | !     | !    | !              | -    |
LANDS                  | no_option          | !     | !    | !              | -    |
date datetime          | not_a_date         | !     | !    | !              | -    |
telephone              | not_a_phone        | !     | !    | !              | -    |
OWNER                  | no_option          | !     | !    | !              | -    |
CALCULATED             | read_only_property | !     | !    | !              | !    |

T               |                    | 1:30    | 100:00:05.5 | 19 % | 2026-07-04T10:00     | NONE | SEEN
TEXTS           | -                  | =       | =           | =    | =                    | -    | =
file            | incompatible       | !       | !           | !    | !                    | -    |
number money    | not_a_number       | !       | !           | !    | !                    | -    |
percentage      | not_a_number       | !       | !           | 0.19 | !                    | -    | 19%
duration        | not_a_duration     | 5400000 | 360005500   | !    | !                    | -    | SPANS
bool            | not_a_boolean      | !       | !           | !    | !                    | -    |
ONE_OPTION      | no_option          | !       | !           | !    | !                    | -    |
single          | no_option          | !       | !           | !    | !                    | -    |
checkbox        | no_option          | !       | !           | !    | !                    | -    |
narrow_checkbox | no_option          | !       | !           | !    | !                    | -    |
NARROW LANDS    | no_option          | !       | !           | !    | !                    | -    |
date            | not_a_date         | !       | !           | !    | 2026-07-04           | -    | =
datetime        | not_a_date         | !       | !           | !    | 2026-07-04T08:00:00Z | -    | 2026-07-04 10:00
telephone       | not_a_phone        | !       | !           | !    | !                    | -    |
OWNER           | no_option          | !       | !           | !    | !                    | -    |
CALCULATED      | read_only_property | !       | !           | !    | !                    | !    |

N                             |                    | 5    | -12.50 | 1E+2 | 0.00 | NONE | SEEN
TEXTS                         | -                  | =    | =      | =    | =    | -    | =
number                        | -                  | =    | -12.5  | 100  | 0.0  | -    | 5/-12.5/100/0
money                         | -                  | =    | -12.5  | 100  | 0.0  | -    | AMOUNTS
percentage                    | -                  | 0.05 | -0.125 | 1    | 0    | -    | 5%/-12.5%/100%/0%
duration                      | duration_unit      | ~    | ~      | ~    | ~    | -    |
ONE_OPTION checkbox           | no_option          | =    | !      | !    | !    | -    | 5
single NARROW narrow_checkbox | no_option          | !    | !      | !    | !    | -    |
LANDS                         | no_option          | !    | !      | !    | !    | -    |
file bool                     | incompatible       | !    | !      | !    | !    | -    |
date datetime telephone       | incompatible       | !    | !      | !    | !    | -    |
OWNER                         | no_option          | !    | !      | !    | !    | -    |
CALCULATED                    | read_only_property | !    | !      | !    | !    | !    |

B                                    |                    | True | False | NONE | SEEN
TEXTS                                | -                  | true | false | -    | =
bool ONE_OPTION checkbox             | -                  | true | false | -    | Yes/No
single                               | -                  | true | false | -    | =
NARROW narrow_checkbox LANDS         | no_option          | !    | !     | -    |
file NUMBERS date datetime telephone | incompatible       | !    | !     | -    |
OWNER                                | no_option          | !    | !     | -    |
CALCULATED                           | read_only_property | !    | !     | !    |

C                            | S, L=Large         | S | L | NONE | SEEN
TEXTS                        | -                  | = | = | -    | =
number money percentage      | not_a_number       | ! | ! | -    |
duration                     | not_a_duration     | ! | ! | -    |
bool single LANDS            | no_option          | ! | ! | -    |
ONE_OPTION checkbox          | -                  | = | = | -    | S/Large
NARROW narrow_checkbox       | no_option          | = | ! | -    | S
file date datetime telephone | incompatible       | ! | ! | -    |
OWNER                        | no_option          | ! | ! | -    |
CALCULATED                   | read_only_property | ! | ! | !    |

C                            | S, X=Ümläut 😀      | S | X | NONE | SEEN
TEXTS                        | -                  | = | = | -    | =
number money percentage      | not_a_number       | ! | ! | -    |
duration                     | not_a_duration     | ! | ! | -    |
bool single LANDS            | no_option          | ! | ! | -    |
ONE_OPTION checkbox          | no_option          | = | ! | -    | S
NARROW narrow_checkbox       | no_option          | = | ! | -    | S
file date datetime telephone | incompatible       | ! | ! | -    |
OWNER                        | no_option          | ! | ! | -    |
CALCULATED                   | read_only_property | ! | ! | !    |

C                            | -1.50=Less, 5=Five | -1.50  | 5    | NONE | SEEN
TEXTS                        | -                  | =      | =    | -    | =
number                       | -                  | -1.5   | =    | -    | =
money                        | -                  | -1.5   | =    | -    | EUR -1.50/EUR 5.00
percentage                   | -                  | -0.015 | 0.05 | -    | -1.5%/5%
duration                     | not_a_duration     | !      | !    | -    |
bool single LANDS            | no_option          | !      | !    | -    |
ONE_OPTION checkbox          | no_option          | !      | =    | -    | 5
NARROW narrow_checkbox       | no_option          | !      | !    | -    |
file date datetime telephone | incompatible       | !      | !    | -    |
OWNER                        | no_option          | !      | !    | -    |
CALCULATED                   | read_only_property | !      | !    | !    |

C                            | 0:45=Short, 8:00=A day | 0:45    | 8:00     | NONE | SEEN
TEXTS                        | -                      | =       | =        | -    | =
number money percentage      | not_a_number           | !       | !        | -    |
duration                     | -                      | 2700000 | 28800000 | -    | 45 min/8 h
bool single LANDS            | no_option              | !       | !        | -    |
ONE_OPTION checkbox          | no_option              | !       | !        | -    |
NARROW narrow_checkbox       | no_option              | !       | !        | -    |
file date datetime telephone | incompatible           | !       | !        | -    |
OWNER                        | no_option              | !       | !        | -    |
CALCULATED                   | read_only_property     | !       | !        | !    |

C                            | A1=yes, B2=No      | A1   | B2    | NONE | SEEN
TEXTS                        | -                  | =    | =     | -    | =
number money percentage      | not_a_number       | !    | !     | -    |
duration                     | not_a_duration     | !    | !     | -    |
bool ONE_OPTION checkbox     | -                  | true | false | -    | Yes/No
single LANDS                 | no_option          | !    | !     | -    |
NARROW narrow_checkbox       | no_option          | !    | !     | -    |
file date datetime telephone | incompatible       | !    | !     | -    |
OWNER                        | no_option          | !    | !     | -    |
CALCULATED                   | read_only_property | !    | !     | !    |

M                                         | S, L=Large         | S | S+L             | NONE | SEEN
TEXTS                                     | -                  | = | S;L             | -    | =
ONE_OPTION                                | several_values     | = | !               | -    | S
checkbox                                  | -                  | = | S;L             | -    | S/S; Large
single LANDS                              | no_option          | ! | !several_values | -    |
NARROW                                    | no_option          | = | !several_values | -    | S
narrow_checkbox                           | no_option          | = | !               | -    | S
file NUMBERS bool date datetime telephone | incompatible       | ! | !               | -    |
OWNER                                     | no_option          | ! | !several_values | -    |
CALCULATED                                | read_only_property | ! | !               | !    |

M                                         | S, X=Extra         | S | X | S+X             | NONE | SEEN
TEXTS                                     | -                  | = | = | S;X             | -    | =
ONE_OPTION NARROW                         | no_option          | = | ! | !several_values | -    | S
checkbox narrow_checkbox                  | no_option          | = | ! | !               | -    | S
single LANDS                              | no_option          | ! | ! | !several_values | -    |
file NUMBERS bool date datetime telephone | incompatible       | ! | ! | !               | -    |
OWNER                                     | no_option          | ! | ! | !several_values | -    |
CALCULATED                                | read_only_property | ! | ! | !               | !    |

M                                         | S=Small            | S | NONE | SEEN
TEXTS                                     | -                  | = | -    | =
ONE_OPTION checkbox                       | -                  | = | -    | S
NARROW narrow_checkbox                    | -                  | = | -    | S
single LANDS                              | no_option          | ! | -    |
file NUMBERS bool date datetime telephone | incompatible       | ! | -    |
OWNER                                     | no_option          | ! | -    |
CALCULATED                                | read_only_property | ! | !    |

D                           |                    | 2026-03-29           | 2024-02-29           | NONE | SEEN
TEXTS                       | -                  | =                    | =                    | -    | =
date                        | -                  | =                    | =                    | -    | =
datetime                    | -                  | 2026-03-29T10:00:00Z | 2024-02-29T11:00:00Z | -    | NOONS
LISTS                       | incompatible       | !                    | !                    | -    |
file NUMBERS bool telephone | incompatible       | !                    | !                    | -    |
CALCULATED                  | read_only_property | !                    | !                    | !    |

H                       |                    | 12:30:00 | 00:00:00 | NONE | SEEN
TEXTS                   | -                  | =        | =        | -    | =
duration                | -                  | 45000000 | 0        | -    | 12 h 30 min/0 s
LISTS                   | incompatible       | !        | !        | -    |
number money percentage | incompatible       | !        | !        | -    |
file bool date          | incompatible       | !        | !        | -    |
datetime telephone      | incompatible       | !        | !        | -    |
CALCULATED              | read_only_property | !        | !        | !    |

W                           |                    | 2026-03-29T01:00:00+00:00 | 2026-10-25T01:30:00+00:00 | NONE | SEEN
TEXTS                       | -                  | 2026-03-29T03:00:00+02:00 | 2026-10-25T02:30:00+01:00 | -    | =
date                        | -                  | 2026-03-29                | 2026-10-25                | -    | =
datetime                    | -                  | 2026-03-29T01:00:00Z      | 2026-10-25T01:30:00Z      | -    | SUMMER
LISTS                       | incompatible       | !                         | !                         | -    |
file NUMBERS bool telephone | incompatible       | !                         | !                         | -    |
CALCULATED                  | read_only_property | !                         | !                         | !    |

W                           |                    | 2026-10-25T00:30:00+00:00 | 2026-06-30T22:30:00+00:00 | NONE | SEEN
TEXTS                       | -                  | 2026-10-25T02:30:00+02:00 | 2026-07-01T00:30:00+02:00 | -    | =
date                        | -                  | 2026-10-25                | 2026-07-01                | -    | =
datetime                    | -                  | 2026-10-25T00:30:00Z      | 2026-06-30T22:30:00Z      | -    | WINTER
LISTS                       | incompatible       | !                         | !                         | -    |
file NUMBERS bool telephone | incompatible       | !                         | !                         | -    |
CALCULATED                  | read_only_property | !                         | !                         | !    |

CC                                        |                    | DE      | XK | NONE | SEEN
TEXTS                                     | -                  | =       | =  | -    | =
ONE_OPTION checkbox                       | -                  | =       | =  | -    | Germany/XK
countries                                 | no_option          | =       | !  | -    | Germany
country_names                             | -                  | Germany | k  | -    | Germany/Republic of Kosovo
single NARROW narrow_checkbox             | no_option          | !       | !  | -    |
file NUMBERS bool date datetime telephone | incompatible       | !       | !  | -    |
OWNER                                     | no_option          | !       | !  | -    |
CALCULATED                                | read_only_property | !       | !  | !    |

TEL                             |                    | +4930901820 | +15551234567 | NONE | SEEN
TEXTS                           | -                  | =           | =            | -    | =
telephone                       | -                  | =           | =            | -    | =
LISTS                           | incompatible       | !           | !            | -    |
file NUMBERS bool date datetime | incompatible       | !           | !            | -    |
CALCULATED                      | read_only_property | !           | !            | !    |

F                                         |               | ticket.pdf | NONE | SEEN
TEXTS                                     | unknown_field | !          | !    |
LISTS                                     | unknown_field | !          | !    |
file NUMBERS bool date datetime telephone | unknown_field | !          | !    |
CALCULATED                                | unknown_field | !          | !    |
"""

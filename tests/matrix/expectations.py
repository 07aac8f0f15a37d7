"""What becomes of every pretix type in every HubSpot property, in each mode: written down by hand, never computed.

Cells are separated by ``|``, and words in capitals stand for what ``WORDS`` and ``GROUPS`` say.
"""

#: The properties of the portal, with all types and field types of hubspot.md 6.1: name, type, field type, options.
PROPERTIES = """
text                   | string       | text                 |
textarea               | string       | textarea             |
html                   | string       | html                 |
phonetext              | string       | phonenumber          |
file                   | string       | file                 |
calculated_string      | string       | calculation_equation |
number                 | number       | number               |
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
hubspot_owner_id       | enumeration  | select               |
calculated_enumeration | enumeration  | calculation_equation | KEPT, S
date                   | date         | date                 |
datetime               | datetime     | date                 |
telephone                  | phone_number | phonenumber          |
"""

WORDS = {
    "NOTHING": "",  # the question has no answer
    "LONG": "x" * 70_000,
    "CUT": "x" * 65_536,
    "EMOJI": "😀" * 40_000,
    "EMOJI_CUT": "😀" * 32_768,  # an emoji counts two
    "LINES": "first\nsecond",
}
GROUPS = {
    "TEXTS": "text textarea phonetext html",
    "LISTS": "select radio checkbox single countries narrow_select narrow_radio narrow_checkbox OWNER",
    "CALCULATED": "calculated_string calculated_number calculated_bool calculated_enumeration",
    "ONE_OPTION": "select radio",
    "NARROW": "narrow_select narrow_radio",
    "OWNER": "hubspot_owner_id",  # the portal's own; its options are nowhere in its definition
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
number                                            | 7                    | !number_filled | append_number
bool single                                       | true                 | !already_set   | append_single
ONE_OPTION NARROW countries                       | KEPT                 | !already_set   | append_single
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
#:    ?  it is sent, unless the mode keeps what is there, and HubSpot refuses it as no option
TABLES = """
S                      |                    | Grace | Ümläut 😀 | S | 12.50 | 2026-02-28           | yes  | NOTHING
TEXTS                  | -                  | =     | =        | = | =     | =                    | =    | -
file                   | incompatible       | !     | !        | ! | !     | !                    | !    | -
number                 | not_a_number       | !     | !        | ! | 12.5  | !                    | !    | -
bool                   | not_a_boolean      | !     | !        | ! | !     | !                    | true | -
ONE_OPTION checkbox    | no_option          | !     | !        | = | !     | !                    | true | -
single countries       | no_option          | !     | !        | ! | !     | !                    | !    | -
NARROW narrow_checkbox | no_option          | !     | !        | = | !     | !                    | !    | -
date                   | not_a_date         | !     | !        | ! | !     | =                    | !    | -
datetime               | not_a_date         | !     | !        | ! | !     | 2026-02-28T00:00:00Z | !    | -
telephone              | not_a_phone        | !     | !        | ! | =     | =                    | !    | -
OWNER                  | no_option          | ?     | ?        | ? | ?     | ?                    | ?    | -
CALCULATED             | read_only_property | !     | !        | ! | !     | !                    | !    | !

T                       |                    | LONG | EMOJI     | LINES | S;L | -3 | true | <b>&           | NOTHING
text textarea phonetext | -                  | CUT  | EMOJI_CUT | =     | =   | =  | =    | =              | -
html                    | -                  | CUT  | EMOJI_CUT | =     | =   | =  | =    | &lt;b&gt;&amp; | -
file                    | incompatible       | !    | !         | !     | !   | !  | !    | !              | -
number                  | not_a_number       | !    | !         | !     | !   | =  | !    | !              | -
bool                    | not_a_boolean      | !    | !         | !     | !   | !  | =    | !              | -
ONE_OPTION single       | no_option          | !    | !         | !     | !   | !  | =    | !              | -
checkbox                | no_option          | !    | !         | !     | =   | !  | =    | !              | -
NARROW narrow_checkbox  | no_option          | !    | !         | !     | !   | !  | !    | !              | -
countries               | no_option          | !    | !         | !     | !   | !  | !    | !              | -
date datetime           | not_a_date         | !    | !         | !     | !   | !  | !    | !              | -
telephone               | not_a_phone        | !    | !         | !     | !   | !  | !    | !              | -
OWNER                   | no_option          | ?    | ?         | ?     | ?   | ?  | ?    | ?              | -
CALCULATED              | read_only_property | !    | !         | !     | !   | !  | !    | !              | !

N                                 |                    | 5 | -12.50 | 1E+2 | 0.00 | NOTHING
TEXTS                             | -                  | = | =      | =    | =    | -
number                            | -                  | = | -12.5  | 100  | 0.0  | -
ONE_OPTION checkbox               | no_option          | = | !      | !    | !    | -
single NARROW narrow_checkbox     | no_option          | ! | !      | !    | !    | -
countries                         | no_option          | ! | !      | !    | !    | -
file bool date datetime telephone | incompatible       | ! | !      | !    | !    | -
OWNER                             | no_option          | ? | ?      | ?    | ?    | -
CALCULATED                        | read_only_property | ! | !      | !    | !    | !

B                                   |                    | True | False | NOTHING
TEXTS                               | -                  | true | false | -
bool ONE_OPTION checkbox single     | -                  | true | false | -
NARROW narrow_checkbox countries    | no_option          | !    | !     | -
file number date datetime telephone | incompatible       | !    | !     | -
OWNER                               | no_option          | ?    | ?     | -
CALCULATED                          | read_only_property | !    | !     | !

C                            | S, L=Large         | S | L | NOTHING
TEXTS                        | -                  | = | = | -
number                       | not_a_number       | ! | ! | -
bool single countries        | no_option          | ! | ! | -
ONE_OPTION checkbox          | -                  | = | = | -
NARROW narrow_checkbox       | no_option          | = | ! | -
file date datetime telephone | incompatible       | ! | ! | -
OWNER                        | no_option          | ? | ? | -
CALCULATED                   | read_only_property | ! | ! | !

C                            | S, X=Ümläut 😀      | S | X | NOTHING
TEXTS                        | -                  | = | = | -
number                       | not_a_number       | ! | ! | -
bool single countries        | no_option          | ! | ! | -
ONE_OPTION checkbox          | no_option          | = | ! | -
NARROW narrow_checkbox       | no_option          | = | ! | -
file date datetime telephone | incompatible       | ! | ! | -
OWNER                        | no_option          | ? | ? | -
CALCULATED                   | read_only_property | ! | ! | !

C                            | -1.50=Less, 5=Five | -1.50 | 5 | NOTHING
TEXTS                        | -                  | =     | = | -
number                       | -                  | -1.5  | = | -
bool single countries        | no_option          | !     | ! | -
ONE_OPTION checkbox          | no_option          | !     | = | -
NARROW narrow_checkbox       | no_option          | !     | ! | -
file date datetime telephone | incompatible       | !     | ! | -
OWNER                        | no_option          | ?     | ? | -
CALCULATED                   | read_only_property | !     | ! | !

C                            | A1=yes, B2=No      | A1   | B2    | NOTHING
TEXTS                        | -                  | =    | =     | -
number                       | not_a_number       | !    | !     | -
bool ONE_OPTION checkbox     | -                  | true | false | -
single countries             | no_option          | !    | !     | -
NARROW narrow_checkbox       | no_option          | !    | !     | -
file date datetime telephone | incompatible       | !    | !     | -
OWNER                        | no_option          | ?    | ?     | -
CALCULATED                   | read_only_property | !    | !     | !

M                                        | S, L=Large         | S | S+L             | NOTHING
TEXTS                                    | -                  | = | S;L             | -
ONE_OPTION                               | several_values     | = | !               | -
checkbox                                 | -                  | = | S;L             | -
single countries                         | no_option          | ! | !several_values | -
NARROW                                   | no_option          | = | !several_values | -
narrow_checkbox                          | no_option          | = | !               | -
file number bool date datetime telephone | incompatible       | ! | !               | -
OWNER                                    | no_option          | ? | !several_values | -
CALCULATED                               | read_only_property | ! | !               | !

M                                        | S, X=Extra         | S | X | S+X             | NOTHING
TEXTS                                    | -                  | = | = | S;X             | -
ONE_OPTION NARROW                        | no_option          | = | ! | !several_values | -
checkbox narrow_checkbox                 | no_option          | = | ! | !               | -
single countries                         | no_option          | ! | ! | !several_values | -
file number bool date datetime telephone | incompatible       | ! | ! | !               | -
OWNER                                    | no_option          | ? | ? | !several_values | -
CALCULATED                               | read_only_property | ! | ! | !               | !

M                                        | S=Small            | S | NOTHING
TEXTS                                    | -                  | = | -
ONE_OPTION checkbox                      | -                  | = | -
NARROW narrow_checkbox                   | -                  | = | -
single countries                         | no_option          | ! | -
file number bool date datetime telephone | incompatible       | ! | -
OWNER                                    | no_option          | ? | -
CALCULATED                               | read_only_property | ! | !

D                          |                    | 2026-03-29           | 2024-02-29           | NOTHING
TEXTS                      | -                  | =                    | =                    | -
date                       | -                  | =                    | =                    | -
datetime                   | -                  | 2026-03-29T00:00:00Z | 2024-02-29T00:00:00Z | -
LISTS                      | incompatible       | !                    | !                    | -
file number bool telephone | incompatible       | !                    | !                    | -
CALCULATED                 | read_only_property | !                    | !                    | !

H                                        |                    | 12:30:00 | 00:00:00 | NOTHING
TEXTS                                    | -                  | =        | =        | -
LISTS                                    | incompatible       | !        | !        | -
file number bool date datetime telephone | incompatible       | !        | !        | -
CALCULATED                               | read_only_property | !        | !        | !

W                          |                    | 2026-03-29T01:00:00+00:00 | 2026-10-25T01:30:00+00:00 | NOTHING
TEXTS                      | -                  | 2026-03-29T03:00:00+02:00 | 2026-10-25T02:30:00+01:00 | -
date                       | -                  | 2026-03-29                | 2026-10-25                | -
datetime                   | -                  | 2026-03-29T01:00:00Z      | 2026-10-25T01:30:00Z      | -
LISTS                      | incompatible       | !                         | !                         | -
file number bool telephone | incompatible       | !                         | !                         | -
CALCULATED                 | read_only_property | !                         | !                         | !

W                          |                    | 2026-10-25T00:30:00+00:00 | 2026-06-30T22:30:00+00:00 | NOTHING
TEXTS                      | -                  | 2026-10-25T02:30:00+02:00 | 2026-07-01T00:30:00+02:00 | -
date                       | -                  | 2026-10-25                | 2026-07-01                | -
datetime                   | -                  | 2026-10-25T00:30:00Z      | 2026-06-30T22:30:00Z      | -
LISTS                      | incompatible       | !                         | !                         | -
file number bool telephone | incompatible       | !                         | !                         | -
CALCULATED                 | read_only_property | !                         | !                         | !

CC                                       |                    | DE | XK | NOTHING
TEXTS                                    | -                  | =  | =  | -
ONE_OPTION checkbox                      | -                  | =  | =  | -
countries                                | no_option          | =  | !  | -
single NARROW narrow_checkbox            | no_option          | !  | !  | -
file number bool date datetime telephone | incompatible       | !  | !  | -
OWNER                                    | no_option          | ?  | ?  | -
CALCULATED                               | read_only_property | !  | !  | !

TEL                            |                    | +4930901820 | +15551234567 | NOTHING
TEXTS                          | -                  | =           | =            | -
telephone                      | -                  | =           | =            | -
LISTS                          | incompatible       | !           | !            | -
file number bool date datetime | incompatible       | !           | !            | -
CALCULATED                     | read_only_property | !           | !            | !

F                                        |               | ticket.pdf | NOTHING
TEXTS                                    | unknown_field | !          | !
LISTS                                    | unknown_field | !          | !
file number bool date datetime telephone | unknown_field | !          | !
CALCULATED                               | unknown_field | !          | !
"""

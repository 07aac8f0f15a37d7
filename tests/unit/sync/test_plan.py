"""Plans as literals: the same snapshots and mappings always want the same records."""

from dataclasses import replace

from pretix_hubspot.failures.codes import Exclusion
from pretix_hubspot.hubspot.data import PropertyDefinition
from pretix_hubspot.hubspot.errors import Forbidden, ServerTrouble
from pretix_hubspot.mappings.spec import DefaultRows, MappingSpec, NewRecordDefaults, PipelineSpec
from pretix_hubspot.sources.order import ORDERS
from pretix_hubspot.sources.position import POSITIONS
from pretix_hubspot.sources.snapshot import OrderSnapshot, PositionSnapshot, Subject
from pretix_hubspot.sync.plan.plan import Filtered, Withheld
from pretix_hubspot.sync.plan.planner import build_plan, value_key
from pretix_hubspot.values.rows import IF_EMPTY, IF_NEW, OVERWRITE, FieldRefused, MappingRow, Refusal, Row

TEXT = "S"
ORDER_7, ORDER_8, ORDER_9 = map(Subject.of_order, (7, 8, 9))


def prop(name, **facts):
    return PropertyDefinition(name=name, label=name.title(), type="string", field_type="text", **facts)


def row(field, name, mode=OVERWRITE, source_type=TEXT):
    return MappingRow(field, source_type, name, prop(name), mode)


EMAIL = row("email", "email")
BUYER = MappingSpec(1, ORDERS, "contacts", EMAIL, (row("name", "lastname", IF_EMPTY),))
ATTENDEE = MappingSpec(2, POSITIONS, "contacts", row("attendee_email", "email"), (row("attendee", "lastname"),))
DEAL = MappingSpec(
    3, ORDERS, "deals", row("order_key", "pretix_order_key"), (row("code", "dealname"),), associations=(1, 2)
)


def position(pk, email="", attendee="", canceled=False):
    return PositionSnapshot(pk, pk, canceled, {"attendee_email": email, "attendee": attendee})


def order(pk=7, email="ada@example.org", positions=(), **values):
    defaults = {"email": email, "name": "Lovelace", "order_key": f"ORG/EV/C{pk}", "code": f"C{pk}"}
    return OrderSnapshot(pk, f"C{pk}", "n", False, {**defaults, **values}, tuple(positions))


def wanted(plan):
    """The plan's records as a literal."""
    return {
        (record.object_type, record.id_value): [(r.property.name, r.value, r.mode) for r in record.rows()]
        for record in plan.records.values()
    }


def plan_of(*orders, specs=(BUYER, ATTENDEE, DEAL), sent=frozenset()):
    return build_plan(99, [(specs, orders)], sent)


def test_an_order_wants_its_buyer_its_attendees_and_its_deal():
    plan = plan_of(order(positions=[position(70, "grace@example.org", "Hopper")]))
    assert wanted(plan) == {
        ("contacts", "ada@example.org"): [("lastname", "Lovelace", IF_EMPTY)],
        ("contacts", "grace@example.org"): [("lastname", "Hopper", OVERWRITE)],
        ("deals", "ORG/EV/C7"): [
            ("dealname", "C7", OVERWRITE),
            ("pretix_order_key", "ORG/EV/C7", OVERWRITE),
        ],
    }
    pairs = {(source[0], target[0]) for source, target, _ in plan.subjects[ORDER_7].associations()}
    assert pairs == {("deals", "contacts")}
    assert len(list(plan.subjects[ORDER_7].associations())) == 2


def test_without_mappings_nothing_is_sent_and_that_is_no_order_in_sync():
    plan = plan_of(order(), specs=())
    assert (plan.records, plan.subjects[ORDER_7].excluded) == ({}, "no_mappings")


def test_two_attendees_with_one_address_are_one_record():
    plan = plan_of(
        order(positions=[position(70, "Grace@example.org", "Hopper"), position(71, "grace@EXAMPLE.org", "Murray")])
    )
    contact = plan.records[("contacts", value_key("email", "grace@example.org"))]
    assert [(r.property.name, r.value) for r in contact.rows()] == [("lastname", "Hopper"), ("lastname", "Murray")]
    assert len(list(plan.subjects[ORDER_7].associations())) == 3, "repeated pairs are for the executor to fold"


def test_one_person_in_two_orders_is_one_record_that_knows_both():
    plan = plan_of(order(7), order(8))
    contact = plan.records[("contacts", value_key("email", "ada@example.org"))]
    assert contact.subjects == {ORDER_7, ORDER_8}
    assert plan.only([ORDER_7, ORDER_8, ORDER_9]) is plan
    assert list(plan.only([ORDER_8]).records) == [
        ("contacts", value_key("email", "ada@example.org")),
        ("deals", "pretix_order_key@order:8"),
    ]


def test_the_keys_hold_no_address():
    plan = plan_of(order())
    assert not any("ada" in key for _, key in plan.records)


def test_a_deal_is_known_by_the_order_not_by_its_name():
    before, after = plan_of(order()), plan_of(order(order_key="RENAMED/EV/C7"))
    assert list(before.records) == list(after.records)
    assert before.subjects[ORDER_7].fingerprint != after.subjects[ORDER_7].fingerprint


def test_a_missing_identifier_is_no_failure_and_no_record():
    plan = plan_of(order(email="", positions=[position(70)]))
    assert [ref[0] for ref in plan.records] == ["deals"]
    assert plan.subjects[ORDER_7].withheld == []


def test_an_unreadable_identifier_withholds_that_record_alone():
    plan = plan_of(order(email=FieldRefused("invalid_email")))
    assert [ref[0] for ref in plan.records] == ["deals"]
    [withheld] = plan.subjects[ORDER_7].withheld
    params = {"field": "email", "property": "email", "label": "Email"}
    assert withheld == Withheld(1, None, "contacts", Refusal("invalid_email", params))


def test_a_property_that_vanished_or_became_read_only_is_named():
    vanished = replace(BUYER, rows=(replace(BUYER.rows[0], property=None),))
    frozen = replace(BUYER, rows=(replace(BUYER.rows[0], property=prop("lastname", read_only_value=True)),))
    unknown = replace(BUYER, rows=(replace(BUYER.rows[0], source_type=None),))
    withheld = [plan_of(order(), specs=[s]).subjects[ORDER_7].withheld for s in (vanished, frozen, unknown)]
    codes = [first.refusal.code for first, *_ in withheld]
    assert codes == ["unknown_property", "read_only_property", "unknown_field"]


def test_a_property_that_is_gone_misses_nothing_of_an_order_without_a_value():
    """One that cannot be written is a mistake in the mapping, whatever the order says."""
    vanished = replace(BUYER, rows=(replace(BUYER.rows[0], property=None),))
    frozen = replace(BUYER, rows=(replace(BUYER.rows[0], property=prop("lastname", read_only_value=True)),))
    constant = replace(BUYER, rows=(replace(BUYER.rows[0], property=None, constant="fair"),))
    plans = [plan_of(order(name=""), specs=[spec]) for spec in (vanished, frozen, constant)]
    assert [[item.refusal.code for item in plan.subjects[ORDER_7].withheld] for plan in plans] == [
        [],
        ["read_only_property"],
        ["unknown_property"],
    ]
    assert wanted(plans[0]) == {("contacts", "ada@example.org"): []}


def test_a_stage_that_was_deleted_is_refused_before_hubspot_does():
    stages = PipelineSpec(prop("pipeline"), prop("dealstage"), "default", {"n": "new", "p": "won"})
    of_today = replace(stages, known=frozenset({"new"}))
    specs = [replace(DEAL, associations=(), pipeline=pipeline) for pipeline in (stages, of_today)]
    paid = [replace(order(), status="p")]
    refusal = Refusal("unknown_stage", {"property": "dealstage", "label": "Dealstage"})
    assert [plan_of(*paid, specs=[spec]).subjects[ORDER_7].withheld for spec in specs] == [
        [],
        [Withheld(3, None, "deals", refusal)],
    ]
    assert plan_of(order(), specs=[specs[1]]).subjects[ORDER_7].withheld == []


def test_what_new_records_are_called_and_who_says_it_first():
    title = prop("dealname")
    stages = PipelineSpec(prop("pipeline"), prop("dealstage"), "default", {"n": "new"})
    first = replace(DEAL, associations=(), defaults=NewRecordDefaults(title))
    second = replace(first, id=4, defaults=NewRecordDefaults(title, (), stages))
    [deal] = plan_of(order(event_order_code="EV-C7"), specs=[first, second]).records.values()
    rows = (Row(stages.pipeline_property, "default", IF_NEW), Row(stages.stage_property, "new", IF_NEW))
    assert deal.defaults == (
        DefaultRows(("dealname",), (Row(title, "EV-C7", IF_NEW),)),
        DefaultRows(("dealstage",), rows),
    )

    place = replace(
        ATTENDEE, object_type="deals", identifier=row("position_key", "key"), defaults=NewRecordDefaults(title)
    )
    ours = PositionSnapshot(70, 2, False, {"position_key": "ORG/EV/C7/2", "attendee": "Ada"})
    [deal] = plan_of(order(positions=[ours]), specs=[place]).records.values()
    assert deal.defaults[0].rows == (Row(title, "C7-2", IF_NEW),)

    company = replace(BUYER, object_type="companies", defaults=NewRecordDefaults(prop("name"), ("domain",)))
    plan = plan_of(order(7), order(8, email="eve@example.org"), specs=[company])
    assert [record.defaults[0].rows[0].value for record in plan.records.values()] == [
        "ada@example.org",
        "eve@example.org",
    ]
    assert list(plan.only([ORDER_8]).records.values())[0].defaults[0].unless == ("name", "domain")


def test_canceled_positions_count_only_where_hubspot_knows_them():
    canceled = position(70, "grace@example.org", "Hopper", canceled=True)
    assert ("contacts", "grace@example.org") not in wanted(plan_of(order(positions=[canceled])))
    assert ("contacts", "grace@example.org") in wanted(
        plan_of(order(positions=[canceled]), sent=frozenset({(70, ATTENDEE.id)}))
    )
    other = frozenset({(70, ATTENDEE.id + 1)})
    assert ("contacts", "grace@example.org") not in wanted(plan_of(order(positions=[canceled]), sent=other))


def test_a_valid_ticket_speaks_louder_than_a_canceled_one():
    positions = [position(70, "grace@example.org", "Old", canceled=True), position(71, "grace@example.org", "New")]
    plan = plan_of(order(positions=positions), specs=[ATTENDEE], sent=frozenset({(70, ATTENDEE.id)}))
    assert wanted(plan) == {("contacts", "grace@example.org"): [("lastname", "New", OVERWRITE)]}


def test_stage_and_pipeline_follow_the_status_and_travel_together():
    pipeline = PipelineSpec(prop("pipeline"), prop("dealstage"), "default", {"n": "open", "p": "closedwon"})
    spec = replace(DEAL, pipeline=pipeline, associations=())
    record = plan_of(order(), specs=[spec]).records[("deals", "pretix_order_key@order:7")]
    assert record.sent_together == ("pipeline", "dealstage")
    assert [(r.property.name, r.value) for r in record.rows()][-2:] == [("pipeline", "default"), ("dealstage", "open")]
    expired = replace(order(), status="e")
    rows = plan_of(expired, specs=[spec]).records[("deals", "pretix_order_key@order:7")].rows()
    assert "dealstage" not in [r.property.name for r in rows]


def test_the_fingerprint_changes_with_values_mapping_and_portal_only():
    same = plan_of(order()).subjects[ORDER_7].fingerprint
    assert plan_of(order()).subjects[ORDER_7].fingerprint == same
    others = [
        plan_of(order(name="Byron")),
        plan_of(order(positions=[position(70, "grace@example.org")])),
        plan_of(order(), specs=[replace(BUYER, revision=2), ATTENDEE, DEAL]),
        build_plan(100, [((BUYER, ATTENDEE, DEAL), [order()])]),
    ]
    assert same not in {plan.subjects[ORDER_7].fingerprint for plan in others}


def test_records_of_a_position_are_linked_to_the_same_position_only():
    ticket = MappingSpec(5, POSITIONS, "tickets", row("position_key", "pretix_position_key"), (), associations=(2,))
    positions = [
        PositionSnapshot(70, 1, False, {"attendee_email": "a@example.org", "attendee": "A", "position_key": "K-1"}),
        PositionSnapshot(71, 2, False, {"attendee_email": "b@example.org", "attendee": "B", "position_key": "K-2"}),
    ]
    plan = plan_of(order(positions=positions), specs=[ATTENDEE, ticket])
    assert {(a[1], b[1]) for a, b, _ in plan.subjects[ORDER_7].associations()} == {
        ("pretix_position_key@position:70", value_key("email", "a@example.org")),
        ("pretix_position_key@position:71", value_key("email", "b@example.org")),
    }


def test_object_types_are_written_in_the_order_of_the_mappings():
    assert plan_of(order(positions=[position(70, "grace@example.org")])).object_types() == ["contacts", "deals"]
    assert plan_of(order(), specs=(DEAL, BUYER)).object_types() == ["deals", "contacts"]
    assert plan_of(order(), specs=()).object_types() == []


def test_the_fingerprint_of_a_record_changes_with_what_would_be_written_only():
    def fingerprint(found, portal=99, spec=BUYER):
        [record] = plan_of(found, specs=(spec,)).records.values()
        return record.fingerprint(portal)

    same = fingerprint(order())
    assert fingerprint(order(8)) == same, "whichever order says it"
    assert fingerprint(order(), spec=replace(BUYER, revision=2)) == same, "however the mapping came to say it"
    mode = replace(BUYER, rows=(replace(BUYER.rows[0], mode=OVERWRITE),))
    others = [
        fingerprint(order(name="Byron")),
        fingerprint(order(email="ada@example.com")),
        fingerprint(order(), portal=100),
        fingerprint(order(), spec=mode),
    ]
    assert len({same, *others}) == 5


LINES = MappingSpec(4, ORDERS, "line_items", row("order_key", "line_key"), ())


def test_an_object_type_that_hubspot_does_not_tell_withholds_its_mapping_only():
    error = ServerTrouble("away")
    plan = plan_of(order(), specs=(BUYER, replace(LINES, unreadable=error)))

    assert list(wanted(plan)) == [("contacts", "ada@example.org")]
    assert plan.subjects[ORDER_7].withheld == [Withheld(4, None, "line_items", error)]
    assert plan.subjects[ORDER_7].filtered == []
    assert plan.subjects[ORDER_7].fingerprint != plan_of(order(), specs=(BUYER, LINES)).subjects[ORDER_7].fingerprint


def test_a_side_that_hubspot_does_not_let_us_use_is_left_out_and_excludes_no_order():
    lost = replace(LINES, unreadable=Forbidden(), left_out=True)
    plan = plan_of(order(email=""), specs=(BUYER, lost))

    assert plan.subjects[ORDER_7].filtered == [Filtered(4, None, Exclusion.NO_ACCESS)]
    assert (plan.subjects[ORDER_7].withheld, plan.subjects[ORDER_7].excluded) == ([], "")


def test_an_order_of_which_nothing_else_is_sent_is_withheld():
    error = Forbidden()
    plan = plan_of(order(), specs=(replace(LINES, unreadable=error, left_out=True),))

    assert plan.subjects[ORDER_7].withheld == [Withheld(4, None, "line_items", error)]


def test_a_long_text_that_many_records_get_is_kept_once():
    people = [order(pk, email=f"p{pk}@example.org", name="x" * 50 + "y" * 51) for pk in (7, 8)]

    plan = plan_of(*people, specs=(BUYER,))

    [one], [other] = (record.rows() for record in plan.records.values())
    assert (one.value, one.value is other.value) == ("x" * 50 + "y" * 51, True)

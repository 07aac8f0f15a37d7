"""Map: the suggestion, the rows of object mappings, and the editor of one."""

from playwright.sync_api import expect

from tests.e2e.steps import add_row, chosen, edit, new_row, refresh, rows, save


def test_start_with_a_suggestion(desk, house):
    desk.page.goto(house.hubspot)
    desk.reach_by_keyboard(desk.button("Start with a suggestion"))
    desk.page.keyboard.press("Enter")
    expect(desk.link("Edit mapping", exact=False)).to_have_count(3)
    desk.says("3 object mappings have been added.")
    desk.says("Multiple object mappings will be evaluated in order.")
    desk.see("object-mappings")


def test_editor_shows_labels_as_in_hubspot(desk, house):
    edit(desk, house, "Order -> Contacts")
    desk.says("For each Order in your event, one object is created or updated in the Contacts category in HubSpot.")
    fields = desk.page.locator("#id_identifier-pretix_field, #id_identifier-external_field")
    assert [field.locator("option:checked").inner_text() for field in fields.all()] == [
        "Order email [Text (one line)]",
        "Email (email | string)",
    ]
    assert desk.page.locator("#identifier-mode").input_value() == "Identifier"
    modes = rows(desk).first.locator("select[name$=-overwrite] option").all_inner_texts()
    assert modes == ["Overwrite", "Fill if new", "Fill if empty", "Add to list"]
    assert all(chosen(row)[2] == "Fill if empty" for row in rows(desk).all())
    desk.see("editor-order-contacts")


def test_editor_adds_moves_deletes_and_saves(desk, house):
    edit(desk, house, "Order -> Contacts")
    house.create_property("billing_country", "Billing country")
    refresh(desk, house)
    before = [chosen(row) for row in rows(desk).all()]
    add_row(desk, "Invoice address country", "country billing", "Billing country (billing_country | string)")
    desk.see("editor-new-row")
    rows(desk).last.get_by_role("button", name="Move up").click()
    desk.settle()
    doomed = next(row for row in rows(desk).all() if chosen(row)[0].startswith("Order phone number"))
    doomed.get_by_role("button", name="Delete").click()
    desk.settle()
    save(desk)
    after = [chosen(row) for row in rows(desk).all()]
    assert [row[0] for row in after[-2:]] == [
        "Invoice address country [Country code (ISO 3166-1 alpha-2)]",
        before[-1][0],
    ]
    assert after[:-2] == [row for row in before[:-1] if not row[0].startswith("Order phone number")]


def test_editor_warns_where_types_do_not_fit(desk, house):
    edit(desk, house, "Order -> Contacts")
    row = add_row(desk, "Invoice address city", "lifecycle", "Lifecycle Stage (lifecyclestage | enumeration)")
    expect(row.locator("[data-hubspot-notes] .fa-warning").first).to_be_visible()
    desk.see("editor-warning")
    row.get_by_role("button", name="Delete").click()
    desk.settle()
    save(desk)


def test_what_is_refused_is_listed_and_leads_to_its_field(desk, house):
    edit(desk, house, "Order -> Contacts")
    number = rows(desk).count() + 1
    new_row(desk, "Add property").get_by_role("button", name="Move up").click()
    desk.settle()
    desk.button("Save").click()
    summary = desk.page.locator("[data-hubspot-mistakes]")
    expect(summary).to_be_focused()
    expect(summary.locator("li")).to_have_text(f"Row {number - 1}, HubSpot Field: Please choose a HubSpot field.")
    desk.see("editor-refused")
    summary.get_by_role("link").click()
    expect(rows(desk).nth(number - 2).locator(".select2-selection")).to_be_focused()


def test_pipeline_stages_and_associations(desk, house):
    edit(desk, house, "Order -> Deals")
    desk.says("Pipeline and stages")
    desk.says("Association setup")
    first, second = desk.page.locator("input[name=associations-associations]").all()
    assert first.is_checked() and second.is_checked()
    second.uncheck()
    save(desk)
    assert not desk.page.locator("input[name=associations-associations]").nth(1).is_checked()
    desk.page.locator("input[name=associations-associations]").nth(1).check()
    save(desk)
    desk.see("editor-order-deals")


def test_add_mapping_and_delete_it_after_being_asked(desk, house):
    desk.page.goto(house.hubspot)
    row = new_row(desk, "Add mapping")
    row.locator("select").first.select_option("Order")
    row.locator("select").last.select_option(label="Companies")
    desk.button("Save").click()
    desk.says("This mapping has no identifier yet, so nothing is sent.")
    desk.see("object-mappings-incomplete")
    rows(desk).last.get_by_role("button", name="Delete").click()
    desk.settle()
    save(desk)
    expect(rows(desk)).to_have_count(3)


def test_deleting_a_mapping_with_properties_asks_first(desk, house):
    desk.page.goto(house.hubspot)
    rows(desk).first.get_by_role("button", name="Delete").click()
    desk.settle()
    desk.button("Save").click()
    desk.says("lose their identifier and all their properties")
    desk.see("object-mappings-confirm")
    desk.link("Cancel").click()
    expect(rows(desk)).to_have_count(3)

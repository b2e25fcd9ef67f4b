"""The page of an interaction: contacts and tasks in one order, around a contact or a case."""

from flask import render_template, url_for

from crm.activities.words import METHOD
from crm.dictionaries import dictionary, label
from engine.queries import instance
from storage.unit_of_work import Reading
from webapp.interactions import Interaction, interaction_of_activity, interaction_of_case
from webapp.pages.blueprint import blueprint
from webapp.pages.shell import names
from webapp.web import view


@blueprint.get("/activities/<id:activity_id>/interaction")
def activity_interaction(activity_id: str) -> str:
    """Around a contact."""
    with view() as reading:
        found = interaction_of_activity(reading, activity_id)
        title = next((each.title for each in found.steps if each.id == activity_id), "")
        return _page(reading, found, title, url_for("pages.activity", activity_id=activity_id), activity_id)


@blueprint.get("/cases/<id:instance_id>/interaction")
def case_interaction(instance_id: str) -> str:
    """Around a case."""
    with view() as reading:
        found, case = interaction_of_case(reading, instance_id), instance(reading, instance_id)
        title = case.business_key or case.definition.name
        return _page(reading, found, title, url_for("pages.case", instance_id=instance_id), None)


def _page(reading: Reading, found: Interaction, title: str, back: str, here: str | None) -> str:
    methods = {each.code: label(each.labels, "en", each.code) for each in dictionary(reading, METHOD).values}
    numbers = {each.id: number for number, each in enumerate(found.steps, 1)}
    return render_template(
        "interaction.html",
        interaction=found,
        numbers=numbers,
        title=title,
        back=back,
        here=here,
        methods=methods,
        names=names(),
    )

"""The source field of a constant text, which the row itself holds."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pretix.base.datasync.sourcefields import EVENT, DataFieldCategory
from pretix.base.models import Question

from .field import SourceField
from .snapshot import CONSTANT

CATEGORY = DataFieldCategory(90, gettext_lazy("Without a pretix field"))


def constant_field() -> SourceField:
    """Offered for orders and positions alike; the planner takes the row's text, so that no object is read."""
    return SourceField(
        key=CONSTANT,
        label=_("Constant text"),
        type=Question.TYPE_STRING,
        category=CATEGORY,
        required_input=EVENT,
        enum_opts=None,
        read=lambda inputs: None,
    )

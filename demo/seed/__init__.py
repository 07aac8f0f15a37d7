"""Fills an empty pretix with the demo's story, once."""

from django.db import transaction
from django_scopes import scope, scopes_disabled


def ensure_seed():
    """Seeds unless somebody is there already; says whether it did."""
    from pretix.base.models import Organizer, User  # inline: Django must be set up first

    from demo.seed import conference, house, orders, walks

    with scopes_disabled():
        if User.objects.exists():
            return False
        with transaction.atomic():
            organizer = house.build()
        with scope(organizer=Organizer.objects.get(pk=organizer.pk)):
            with transaction.atomic():
                shop = conference.build(organizer)
                tours = walks.build(organizer)
            orders.tell(shop, tours)
    return True

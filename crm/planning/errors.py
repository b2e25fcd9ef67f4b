"""What is refused about resources, notifications, feeds, filters and rules."""

from typing import Any

from core.errors import Conflict, Forbidden, NotFound


class ResourceNotFound(NotFound):
    """No such room or device."""

    code = "resource_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no resource {key}. Look at the list of resources.", resource=key)


class ResourceExists(Conflict):
    """Another one has the name."""

    code = "resource_exists"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a resource named {name} already. Choose another name.", name=name)


class ResourceTaken(Conflict):
    """Somebody else has the room or the device at that time.

    `details["bookings"]` names what the reader may know of the others; `details["alternatives"]` are free times.
    """

    code = "resource_taken"

    def __init__(self, sentence: str, *, bookings: list[dict[str, Any]], alternatives: list[dict[str, str]]) -> None:
        super().__init__(sentence, bookings=bookings, alternatives=alternatives)


class ResourceReserved(Forbidden):
    """It may be booked by some groups only."""

    code = "resource_reserved"

    def __init__(self, name: str, groups: list[str]) -> None:
        super().__init__(f"{name} can be booked by these groups only: {', '.join(groups)}.", groups=groups)


class NotificationNotFound(NotFound):
    """No such notification of this person."""

    code = "notification_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"You have no notification {key}.", notification=key)


class FeedNotFound(NotFound):
    """No such feed, or it was revoked; `account` is whose it was, for the trail and not for whoever asks."""

    code = "feed_not_found"

    def __init__(self, account: str | None = None) -> None:
        self.account = account
        super().__init__("There is no calendar under this address. Make a new address on the page of your calendar.")


class RuleNotFound(NotFound):
    """No such line in the table of rules."""

    code = "rule_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no rule {key}. Look at the table of rules.", rule=key)

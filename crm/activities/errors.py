"""What is refused about activities."""

from core.errors import Conflict, NotFound


class ActivityNotFound(NotFound):
    """No such activity."""

    code = "activity_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no activity {key}. Look it up in the list of activities.", activity=key)


class ActivitySettled(Conflict):
    """It was held or cancelled; that cannot be turned back."""

    code = "activity_settled"

    def __init__(self, status: str, what: str) -> None:
        was = {"held": "has taken place", "cancelled": "was cancelled"}[status]
        super().__init__(f"This activity {was}, so it cannot be {what}. Register a following one.", status=status)


class CircularChain(Conflict):
    """An activity would follow itself."""

    code = "circular_chain"

    def __init__(self) -> None:
        super().__init__("An activity cannot follow one that follows it. Choose an activity outside its own chain.")

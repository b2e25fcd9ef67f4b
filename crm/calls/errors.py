"""What is refused about calls."""

from datetime import datetime

from core.errors import Conflict, NotFound


class CallNotFound(NotFound):
    """No such call waits, or not for this person."""

    code = "call_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"The call {key} does not wait any more. Take the next one.", call=key)


class NoCallWaits(NotFound):
    """Nobody is to be called now."""

    code = "no_call_waits"

    def __init__(self) -> None:
        super().__init__("Nobody is to be called by you now. Look again later.")


class CustomerBusy(Conflict):
    """Somebody else is calling the customer."""

    code = "customer_busy"

    def __init__(self, agent: str, until: datetime) -> None:
        super().__init__(
            f"{agent} is calling this customer. Take another, or wait until {until.isoformat(timespec='minutes')}.",
            agent=agent,
            until=until.isoformat(),
        )


class LeaseOver(Conflict):
    """The call is not held by whoever says something about it."""

    code = "call_lease_over"

    def __init__(self) -> None:
        super().__init__("You do not hold this call any more. Take it again before you go on.")


class CallOfTask(Conflict):
    """What came of the call is said in its task."""

    code = "call_of_task"

    def __init__(self) -> None:
        super().__init__("This call belongs to a task. Complete the task to say what came of it.")

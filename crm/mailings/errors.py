"""What is refused about mailings."""

from core.errors import NotFound


class MailingNotFound(NotFound):
    """No mailing belongs to this activity."""

    code = "mailing_not_found"

    def __init__(self, activity_id: str) -> None:
        super().__init__(f"No mailing belongs to activity {activity_id}.", activity=activity_id)

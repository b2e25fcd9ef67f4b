"""What is refused about webhooks."""

from core.errors import Conflict, InvalidInput, NotFound


class WebhookNotFound(NotFound):
    """There is no such webhook."""

    code = "webhook_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no webhook {key}. Load the list of webhooks again.", webhook=key)


class DeliveryNotFound(NotFound):
    """There is no such delivery."""

    code = "delivery_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no delivery {key}; settled ones are forgotten after thirty days.", delivery=key)


class WrongWebhook(InvalidInput):
    """Fields of a webhook are wrong."""

    code = "wrong_webhook"


class WrongWebhookState(Conflict):
    """The webhook or the delivery is not in a state in which this can be done."""

    code = "wrong_webhook_state"

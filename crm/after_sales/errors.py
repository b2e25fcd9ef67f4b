"""What can go wrong with after-sales steps."""

from core.errors import NotFound


class StepNotFound(NotFound):
    """There is no such step."""

    code = "after_sales_step_not_found"

    def __init__(self, step_id: str) -> None:
        super().__init__(f"There is no after-sales step {step_id}. Look at the list of them.", step=step_id)

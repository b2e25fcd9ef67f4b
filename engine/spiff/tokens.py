"""Tokens: SpiffWorkflow's tasks, without what nobody needs of them."""

from typing import Any

from SpiffWorkflow.task import Task

ROOT = "#root"  # no element has such an id


class Token(Task):
    """A task that does not log each of its states: SpiffWorkflow formats them even where nobody reads them."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.kept: dict[str, Any] = {}  # what was stored last

    def _set_state(self, value: int) -> None:
        self._state = value


class WatchedToken(Token):
    """A token of a wide tree, which is told when it may have changed.

    Whoever changes a token's data, however deep inside, has to ask for them first, and those who only read them are
    few: so everybody who asks counts.
    """

    @property
    def internal_data(self) -> dict[str, Any]:
        """The token's data, for somebody who may change them."""
        self.workflow.wide.touch(self)
        data: dict[str, Any] = self.__dict__["internal_data"]
        return data

    @internal_data.setter
    def internal_data(self, data: dict[str, Any]) -> None:
        self.workflow.wide.touch(self)
        self.__dict__["internal_data"] = data

    def _set_state(self, value: int) -> None:
        self.workflow.wide.touch(self)
        self._state = value

    def _child_added_notify(self, child: Any) -> None:
        self.workflow.wide.touch(self)
        super()._child_added_notify(child)

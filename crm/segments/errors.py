"""What segments refuse, and why."""

from core.errors import Conflict, NotFound


class SegmentNotFound(NotFound):
    """No such segment."""

    code = "segment_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no segment {key}. Look it up in the list of segments.", segment=key)


class SnapshotNotFound(NotFound):
    """No such snapshot."""

    code = "snapshot_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no snapshot {key}. Look it up at its segment.", snapshot=key)


class SegmentNameTaken(Conflict):
    """Another segment has the name."""

    code = "segment_name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a segment “{name}” already. Choose another name.", name=name)


class NotPicked(Conflict):
    """Members of a rule follow from the rule."""

    code = "segment_follows_a_rule"

    def __init__(self, name: str) -> None:
        super().__init__(f"Who is in “{name}” follows from its rule. Change the rule, or make a group to pick into.")

"""What price lists refuse, and why."""

from core.errors import Conflict, NotFound


class PriceListNotFound(NotFound):
    """No such price list."""

    code = "price_list_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no price list {key}. Look it up in the list of price lists.", price_list=key)


class PriceListNameTaken(Conflict):
    """Another list has the name."""

    code = "price_list_name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a price list “{name}” already. Choose another name.", name=name)

"""What is refused about links."""

from core.errors import NotFound
from crm.links.ends import End


class LinkNotFound(NotFound):
    """No such link, or one of its ends is hidden from the actor."""

    code = "record_link_not_found"

    def __init__(self, link_id: str) -> None:
        super().__init__(f"There is no link {link_id}, or you may not see what it joins.", link=link_id)


class LinkTypeNotFound(NotFound):
    """No such type of links."""

    code = "link_type_not_found"

    def __init__(self, code: str) -> None:
        super().__init__(f"There is no type of links {code}. Look at the list of types.", type=code)


class RecordNotVisible(NotFound):
    """A record that is to be linked does not exist, or the actor may not know that it does."""

    code = "record_not_found"

    def __init__(self, end: End) -> None:
        super().__init__(f"There is no {end.kind} {end.id}, or you may not see it.", kind=end.kind, id=end.id)

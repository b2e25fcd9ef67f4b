"""Finding whom to write to: people and firms with their addresses, by the beginnings of words."""

from sqlalchemy import func, or_, select

from core.records import dataclass
from crm.access import require_read
from crm.models import ContactRow, CustomerEmailRow, CustomerRow
from crm.outbox import words as known
from crm.outbox.reaching import reached, ways
from crm.reach import prefix_query
from storage.unit_of_work import Reading

SHORTEST = 2  # characters of a question
LIKE = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """An address or number, whose it is, and at which customer."""

    channel: str
    address: str
    name: str
    customer_id: str
    customer_name: str
    contact_id: str | None = None


def recipients(view: Reading, q: str, *, limit: int = 12) -> list[Recipient]:
    """Addresses of mail that begin with what was typed, or of customers that have the words of it."""
    require_read(view)
    typed = q.strip()
    query = prefix_query(typed)
    if len(typed) < SHORTEST or query is None:
        return []
    begins = f"{typed.lower().translate(LIKE)}%"
    customers = select(CustomerRow.id).where(
        CustomerRow.search.op("@@")(func.to_tsquery("simple", query)), CustomerRow.merged_into.is_(None)
    )
    chosen = customers.order_by(CustomerRow.name).limit(limit).scalar_subquery()
    mails = (
        select(CustomerEmailRow.address, CustomerRow.name, CustomerRow.id)
        .join(CustomerRow, CustomerRow.id == CustomerEmailRow.customer_id)
        .where(or_(CustomerEmailRow.customer_id.in_(chosen), func.lower(CustomerEmailRow.address).like(begins)))
        .limit(limit)
    )
    people = (
        select(ContactRow.email, ContactRow.name, ContactRow.id, CustomerRow.id, CustomerRow.name)
        .join(CustomerRow, CustomerRow.id == ContactRow.customer_id)
        .where(
            ContactRow.email.is_not(None),
            or_(ContactRow.customer_id.in_(chosen), func.lower(ContactRow.email).like(begins)),
        )
        .limit(limit)
    )
    found = [
        Recipient(
            channel=known.EMAIL,
            address=email or "",
            name=name,
            contact_id=contact,
            customer_id=customer,
            customer_name=firm,
        )
        for email, name, contact, customer, firm in view.session.execute(people)
    ]
    found += [
        Recipient(channel=known.EMAIL, address=address, name=name, customer_id=customer, customer_name=name)
        for address, name, customer in view.session.execute(mails)
    ]
    return list({each.address.lower(): each for each in reversed(found)}.values())[::-1][:limit]


def recipients_at(view: Reading, customer_id: str) -> list[Recipient]:
    """The people at a customer and the customer itself, with the addresses that they have."""
    require_read(view)
    whom = reached(view, customer_id, None)
    assert whom.customer is not None
    firm = whom.customer
    people = select(ContactRow).where(ContactRow.customer_id == firm.id, ContactRow.email.is_not(None))
    found = [
        Recipient(
            channel=known.EMAIL,
            address=each.email or "",
            name=each.name,
            contact_id=each.id,
            customer_id=firm.id,
            customer_name=firm.name,
        )
        for each in view.session.scalars(people.order_by(ContactRow.name).limit(50))
    ]
    opened = ways(view, whom, purpose=known.BUSINESS).open
    return [
        *(
            Recipient(
                channel=way.channel, address=way.recipient, name=firm.name, customer_id=firm.id, customer_name=firm.name
            )
            for way in opened
            if way.channel in {known.EMAIL, known.SMS}
        ),
        *found,
    ]

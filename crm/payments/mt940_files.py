"""Reads MT940, with the structured remittance information (field 86) that Polish and German banks use."""

import io
import re
from datetime import date
from decimal import Decimal
from typing import Any

import mt940

from crm.payments.errors import StatementRefused
from crm.payments.statements import Entry, Statement, account_number, squeezed

ENCODINGS = ("utf-8", "cp1250")
STRUCTURED = re.compile(r"^(?:\d{3})?([?<~^])\d\d")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b|\b\d{26}\b")
NAME = {"32", "33"}
ACCOUNT = ("38", "31", "30")
REMITTANCE = {*(f"2{digit}" for digit in range(10)), "60", "61", "62", "63"}
NOTHING_SAID = {"NONREF", ""}
RAW: dict[str, Any] = {"post_transaction_details": [], "post_transaction": []}


def read(content: bytes) -> list[Statement]:
    """Raises `StatementRefused`."""
    text = _text(content)
    if ":20:" not in text or (":61:" not in text and ":62" not in text):
        raise StatementRefused("it is neither MT940 nor CAMT.053")
    try:  # a file object: of a bare string the library would ask whether a file of that name exists
        found = mt940.parse_statements(io.StringIO(text), processors=RAW)
        return [_statement(each) for each in found]
    except (ValueError, KeyError, AttributeError, TypeError, RuntimeError, ArithmeticError) as error:
        raise StatementRefused("it is not well-formed MT940") from error


def _text(content: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding).removeprefix("\ufeff").replace("\r\n", "\n").replace("\0", "")
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1").replace("\r\n", "\n").replace("\0", "")


def _statement(found: Any) -> Statement:
    data = found.data
    opening = data.get("final_opening_balance") or data.get("intermediate_opening_balance")
    closing = data.get("final_closing_balance") or data.get("intermediate_closing_balance")
    account = account_number(str(data["account_identification"]).rpartition("/")[2])
    if account is None:
        raise StatementRefused("it names no account")
    parts = (data.get("statement_number"), data.get("sequence_number"))
    money = opening or closing
    currency = money.amount.currency if money else found.transactions[0].data["currency"]
    return Statement(
        format="mt940",
        account=account,
        number="/".join(str(each) for each in parts if each) or str(data.get("transaction_reference") or "?"),
        currency=str(currency),
        opening=_money(opening),
        closing=_money(closing),
        closed_on=_day(closing.date) if closing else None,
        entries=tuple(_entry(each.data) for each in found.transactions if "amount" in each.data),
    )


def _entry(data: Any) -> Entry:
    details = str(data.get("transaction_details") or "")
    extra = str(data.get("extra_details") or "")
    customer = str(data.get("customer_reference") or "")
    fields = _fields(details)
    said = "".join(text for code, text in fields if code in REMITTANCE) if fields else details
    if customer not in NOTHING_SAID and customer not in said:
        said = f"{said} {customer}"
    accounts = dict(fields)
    account = next((accounts[code] for code in ACCOUNT if _is_account(accounts.get(code))), None)
    if not fields:
        named = IBAN.search(details)
        account = named.group() if named else None
    status = str(data["status"])
    return Entry(
        booked_on=_day(data.get("guessed_entry_date") or data.get("entry_date") or data["date"]),
        value_on=_day(data["date"]),
        amount=_signed(status, data["amount"].amount),
        is_reversal=status.startswith("R"),
        payer_name=squeezed(" ".join(text for code, text in fields if code in NAME)) or None,
        payer_account=account_number(account),
        reference=squeezed(f"{said} {extra}")[:1000],
        bank_reference=data.get("bank_reference") or None,
    )


def _signed(status: str, amount: Decimal) -> Decimal:
    """C brings and D takes; RD, a taken-back debit, brings, and RC takes."""
    return abs(amount) if status in {"C", "RD"} else -abs(amount)


def _fields(details: str) -> list[tuple[str, str]]:
    joined = "".join(line.rstrip("\n") for line in details.splitlines())
    found = STRUCTURED.match(joined)
    if not found:
        return []
    parts = joined[found.start(1) :].split(found.group(1))[1:]
    return [(part[:2], part[2:]) for part in parts]


def _is_account(text: str | None) -> bool:
    compact = account_number(text)
    return compact is not None and len(compact) >= 15


def _money(balance: Any) -> Decimal | None:
    return None if balance is None else Decimal(balance.amount.amount)


def _day(value: Any) -> date:
    return date(value.year, value.month, value.day)

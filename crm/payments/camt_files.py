"""Reads CAMT.053 (ISO 20022) of any version; entities, document types and outside files are refused."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from crm.payments.errors import StatementRefused
from crm.payments.statements import Entry, Statement, account_number, squeezed

OPENING, CLOSING = ("OPBD", "PRCD"), ("CLBD",)


def read(content: bytes) -> list[Statement]:
    """Raises `StatementRefused`."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise StatementRefused("it is not well-formed XML") from error
    if root.getroottree().docinfo.doctype:
        raise StatementRefused("it has a document type, which no CAMT.053 has")
    statements = _all(root, "BkToCstmrStmt/Stmt")
    try:
        return [_statement(each) for each in statements]
    except (ValueError, InvalidOperation) as error:
        raise StatementRefused("a date or an amount in it is none") from error


def _statement(node: Any) -> Statement:
    account = account_number(_text(node, "Acct/Id/IBAN") or _text(node, "Acct/Id/Othr/Id"))
    if account is None:
        raise StatementRefused("it names no account")
    balances = {_text(each, "Tp/CdOrPrtry/Cd"): each for each in _all(node, "Bal")}
    opening = next((balances[code] for code in OPENING if code in balances), None)
    closing = next((balances[code] for code in CLOSING if code in balances), None)
    entries = [entry for each in _all(node, "Ntry") for entry in _entries(each)]
    currency = _text(node, "Acct/Ccy") or _currency(node)
    if currency is None:
        raise StatementRefused("it names no currency")
    return Statement(
        format="camt.053",
        account=account,
        number=_text(node, "ElctrncSeqNb") or _text(node, "Id") or "?",
        currency=currency,
        opening=None if opening is None else _amount(opening),
        closing=None if closing is None else _amount(closing),
        closed_on=None if closing is None else _day(closing, "Dt"),
        entries=tuple(entries),
    )


def _entries(node: Any) -> Iterator[Entry]:
    """One per transaction where the bank lists those of a batch with their amounts, else one for the whole entry."""
    if (_text(node, "Sts/Cd") or _text(node, "Sts") or "BOOK") != "BOOK":
        return
    details = _all(node, "NtryDtls/TxDtls")
    total = _amount(node)
    booked = _day(node, "BookgDt") or _day(node, "ValDt")
    if booked is None:
        raise StatementRefused("an entry has no date")
    common = {
        "booked_on": booked,
        "value_on": _day(node, "ValDt") or booked,
        "is_reversal": _text(node, "RvslInd") in {"true", "1"},
    }
    reference = _text(node, "AcctSvcrRef") or _text(node, "NtryRef")
    sign = -1 if total < 0 else 1
    amounts = [_part(each) for each in details]
    parts = [each for each in amounts if each is not None]
    if len(details) > 1 and len(parts) == len(details) and sum(parts) == abs(total):
        for each, amount in zip(details, parts, strict=True):
            yield _entry(each, common, sign * amount, _text(each, "Refs/AcctSvcrRef") or reference)
        return
    yield _entry(details[0] if details else node, common, total, reference)


def _entry(node: Any, common: dict[str, Any], amount: Decimal, reference: str | None) -> Entry:
    party, account = ("Dbtr", "DbtrAcct") if (amount > 0) != common["is_reversal"] else ("Cdtr", "CdtrAcct")
    said = [_content(each) for each in _all(node, "RmtInf/Ustrd")]
    said += [_content(each) for each in _all(node, "RmtInf/Strd/CdtrRefInf/Ref")]
    said += [_content(each) for each in _all(node, "RmtInf/Strd/RfrdDocInf/Nb")]
    end_to_end = _text(node, "Refs/EndToEndId")
    if end_to_end and end_to_end != "NOTPROVIDED":
        said.append(end_to_end)
    said.append(_text(node, "AddtlTxInf") or _text(node, "AddtlNtryInf") or "")
    parties = f"RltdPties/{party}"
    return Entry(
        **common,
        amount=amount,
        payer_name=_text(node, f"{parties}/Pty/Nm") or _text(node, f"{parties}/Nm"),
        payer_account=account_number(
            _text(node, f"RltdPties/{account}/Id/IBAN") or _text(node, f"RltdPties/{account}/Id/Othr/Id")
        ),
        reference=squeezed(" ".join(said))[:1000],
        bank_reference=reference,
    )


def _amount(node: Any) -> Decimal:
    text = _text(node, "Amt")
    if text is None:
        raise StatementRefused("an amount is missing")
    amount = Decimal(text)
    if not amount.is_finite() or amount != amount.quantize(Decimal("0.01")):
        raise StatementRefused(f"{text} is no amount")
    return -amount if _text(node, "CdtDbtInd") == "DBIT" else amount


def _part(node: Any) -> Decimal | None:
    text = _text(node, "Amt") or _text(node, "AmtDtls/TxAmt/Amt")
    return None if text is None else abs(Decimal(text))


def _day(node: Any, path: str) -> date | None:
    text = _text(node, f"{path}/Dt") or _text(node, f"{path}/DtTm")
    return date.fromisoformat(text[:10]) if text else None


def _currency(node: Any) -> str | None:
    for each in _all(node, "Bal/Amt") + _all(node, "Ntry/Amt"):
        if each.get("Ccy"):
            return str(each.get("Ccy"))
    return None


def _all(node: Any, path: str) -> list[Any]:
    steps = "/".join(f"{{*}}{step}" for step in path.split("/"))
    found: list[Any] = node.findall(steps)
    return found


def _text(node: Any, path: str) -> str | None:
    for each in _all(node, path):
        return _content(each) or None
    return None


def _content(node: Any) -> str:
    return squeezed(node.text or "")

"""Bank statements as banks write them, made up from a few entries."""

from dataclasses import dataclass
from decimal import Decimal

OURS = "PL61109010140000071219812874"
MILL = "PL27114020040000300201355387"
STRANGE = "DE89370400440532013000"


@dataclass(frozen=True)
class Line:
    """One movement; money that went is negative."""

    amount: str
    said: str = ""
    payer: str | None = MILL
    name: str = "MŁYN SP Z O O"
    day: int = 6
    bank_reference: str = "BR1"
    is_reversal: bool = False


def mt940(*lines: Line, number: str = "00012/001", opening: str = "1000.00", closing: str | None = None) -> bytes:
    total = Decimal(opening) + sum((Decimal(each.amount) for each in lines), Decimal(0))
    rows = [":20:STMT1", f":25:/{OURS}", f":28C:{number}", f":60F:C260105PLN{_comma(opening)}"]
    for each in lines:
        mark = ("RC" if each.is_reversal else "D") if each.amount.startswith("-") else "C"
        amount = _comma(each.amount.lstrip("-"))
        rows.append(f":61:2601{each.day:02d}01{each.day:02d}{mark}{amount}NTRFNONREF//{each.bank_reference}")
        pieces = [each.said[start : start + 27] for start in range(0, len(each.said), 27)]
        said = "".join(f"?{20 + n}{piece}\n" for n, piece in enumerate(pieces))
        account = f"?38{each.payer}" if each.payer else ""
        rows.append(f":86:166?00PRZELEW\n{said}?32{each.name}\n{account}".rstrip("\n"))
    rows += [f":62F:C260131PLN{_comma(closing or str(total))}", "-", ""]
    return "\r\n".join("\n".join(rows).split("\n")).encode("cp1250")


def camt(*lines: Line, number: str = "12", version: str = "08", opening: str = "1000.00") -> bytes:
    total = Decimal(opening) + sum((Decimal(each.amount) for each in lines), Decimal(0))
    entries = "".join(_entry(each, version) for each in lines)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>M1</MsgId></GrpHdr><Stmt><Id>S{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb>"
        f"<Acct><Id><IBAN>{OURS}</IBAN></Id><Ccy>PLN</Ccy></Acct>"
        f"{_balance('OPBD', opening, '2026-01-05')}{_balance('CLBD', str(total), '2026-01-31')}{entries}"
        "</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _balance(code: str, amount: str, day: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='PLN'>{amount}</Amt>"
        f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _entry(line: Line, version: str) -> str:
    mark = "DBIT" if line.amount.startswith("-") else "CRDT"
    name = f"<Pty><Nm>{line.name}</Nm></Pty>" if version >= "08" else f"<Nm>{line.name}</Nm>"
    account = f"<DbtrAcct><Id><IBAN>{line.payer}</IBAN></Id></DbtrAcct>" if line.payer else ""
    return (
        f"<Ntry><Amt Ccy='PLN'>{line.amount.lstrip('-')}</Amt><CdtDbtInd>{mark}</CdtDbtInd>"
        f"<RvslInd>{str(line.is_reversal).lower()}</RvslInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>2026-01-{line.day:02d}</Dt></BookgDt><ValDt><Dt>2026-01-{line.day:02d}</Dt></ValDt>"
        f"<AcctSvcrRef>{line.bank_reference}</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId>"
        f"</Refs><RltdPties><Dbtr>{name}</Dbtr>{account}</RltdPties>"
        f"<RmtInf><Ustrd>{line.said}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )


def _comma(amount: str) -> str:
    return amount.replace(".", ",") if "." in amount else f"{amount},"

"""Customers of a file: a batch is looked up, checked and written with a handful of statements, whatever its size."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import ARRAY, String, cast, select, text
from sqlalchemy.dialects.postgresql import insert

from core.ids import new_id
from crm.changes import differences
from crm.checks import all_at_a_time
from crm.custom_fields import read_values
from crm.customers import PERSONAL, require_finance
from crm.duplicate_models import DuplicatePairRow
from crm.erp.errors import MasteredElsewhere
from crm.errors import WrongFields
from crm.events import CustomerChanged, CustomerCreated
from crm.imports.blocking import block, check_blocks
from crm.imports.customer_keys import Known, country_of, earlier, keys_of, look_up, target_of, tax_of
from crm.imports.reading import Row
from crm.imports.taking import CREATED, DUPLICATE, UNCHANGED, UPDATED, Arrangement, Taken, rejected
from crm.imports.values import Draft, Reader, own_values, reader
from crm.imports.writing import NewCustomer, write
from crm.matching import FLAGGED, STRONG, likeness, match_keys
from crm.merging import SHAPE
from crm.models import CustomerRow
from crm.numbering import lasting_number
from crm.profile_parts import BankAccount, Identifier
from crm.profiles import Address, Email, Phone, Profile, checked, fill, profile_of
from crm.quality import judge
from storage.unit_of_work import UnitOfWork

PLAIN = frozenset(each.name for each in fields(Profile)) - {"addresses", "phones", "emails", "custom"}
PHONES = {"phone": "office", "mobile": "mobile", "fax": "fax"}
EMAILS = {"email": "office", "billing_email": "billing"}
ELSEWHERE = "This customer is looked after by others, and you may not see it. Have them bring the line in."
REGISTERS = ("regon", "krs")
BY_INDEX, AS_ALWAYS = text("SET LOCAL enable_seqscan = off"), text("SET LOCAL enable_seqscan TO DEFAULT")


@dataclass(slots=True, kw_only=True)
class _Fresh:
    """A customer that is to be made."""

    taken: Taken
    row: NewCustomer
    profile: Profile
    pairs: list[tuple[str, int, list[str]]]


def take(
    unit: UnitOfWork, rows: Sequence[Row], arrangement: Arrangement, *, import_id: str | None = None
) -> list[Taken]:
    """Bring customers in; a row that means the customer of an earlier row of the import is refused."""
    reading = reader(unit, "customers", arrangement.columns, arrangement.days)
    drafts = [reading.read(row) for row in rows]
    require_finance(unit, {name for draft in drafts for name in _finance(draft)})
    check_blocks(unit, drafts)
    _lock(unit, drafts, arrangement)
    known = look_up(unit, drafts, arrangement)
    known.earlier = earlier(unit, import_id, known.rows) if import_id and known.rows else {}
    fresh: list[_Fresh] = []
    taken = [_one(unit, draft, reading, arrangement, known, fresh) for draft in drafts]
    _set_apart(unit, known, fresh, arrangement)
    _write(unit, [each for each in fresh if each.taken.outcome == CREATED])
    block(unit, drafts, taken, arrangement)
    unit.session.flush()  # versions are those that an undoing compares with
    for each in taken:
        if each.outcome == UPDATED and each.record_id:
            each.version = known.rows[each.record_id].row_version
    return taken


def _finance(draft: Draft) -> set[str]:
    given = {"credit_limit", "payment_days", "grace_days"} & draft.values.keys()
    return given | ({"bank_accounts"} if "iban" in draft.values else set())


def _lock(unit: UnitOfWork, drafts: Sequence[Draft], arrangement: Arrangement) -> None:
    """The locks under which customers are entered by hand, too, all of a batch in one order."""
    keys = set()
    for draft in drafts:
        tax, reference = tax_of(draft, arrangement), draft.values.get("external_reference")
        country = country_of(draft, arrangement)
        if tax:
            keys.add(f"customer:tax id:{country}:{tax[1]}")
        if reference:
            keys.add(f"customer:external reference:{country}:{reference}")
    all_at_a_time(unit, keys)


def _one(
    unit: UnitOfWork,
    draft: Draft,
    reading: Reader,
    arrangement: Arrangement,
    known: Known,
    fresh: list[_Fresh],
) -> Taken:
    label = str(draft.values.get("name", ""))
    if draft.findings.fields:
        return rejected(draft.row, " ".join(draft.findings.fields.values()), label)
    given = keys_of(draft, arrangement)
    before = next((known.taken[name, key] for name, key in given.items() if (name, key) in known.taken), None)
    if before is not None:
        return rejected(draft.row, f"Line {before} of this file has the same number, tax number or e-mail.", label)
    target, by = target_of(known, draft, arrangement)
    before = known.earlier.get(target or "")
    if before is not None:
        return rejected(draft.row, f"Line {before} of this file tells of the same customer.", label)
    unique = {name: key for name, key in given.items() if name != "email" or "email" in arrangement.keys}
    known.taken |= dict.fromkeys(unique.items(), draft.row.line)
    if by == "email" and given["email"] in known.several:
        return rejected(draft.row, f"Several customers have the address {given['email']}. Use another key.", label)
    if target is not None and target not in known.rows:
        return rejected(draft.row, ELSEWHERE, label)
    try:
        if target is not None:
            return _update(unit, draft, reading, arrangement, known.rows[target], known)
        return _create(draft, reading, arrangement, known, fresh)
    except WrongFields as error:
        return rejected(draft.row, str(error), label)


def _create(draft: Draft, reading: Reader, arrangement: Arrangement, known: Known, fresh: list[_Fresh]) -> Taken:
    if "number" in draft.values:
        sentence = f"There is no customer {draft.values['number']}. Leave the number empty to have a new one made."
        return rejected(draft.row, sentence, str(draft.values.get("name", "")))
    country = country_of(draft, arrangement)
    currency = str(draft.values.get("currency", "PLN"))
    empty = Profile(name="", country=country, currency=currency, owner=known.owner)
    profile = _checked(_filled(draft, empty, country), reading, None)
    other = _holder(known, profile)
    if other is not None:
        return Taken(row=draft.row, outcome=DUPLICATE, label=profile.name, sentence=other, record_id=None)
    row = NewCustomer(profile, match_keys(profile))
    taken = Taken(row=draft.row, outcome=CREATED, label=profile.name, record_id=row.id, version=1)
    fresh.append(_Fresh(taken=taken, row=row, profile=profile, pairs=[]))
    return taken


def _holder(known: Known, profile: Profile, besides: str | None = None) -> str | None:
    """Who has the same tax number or reference already, as a sentence."""
    for name, key, said in (
        ("tax_id", (profile.country, profile.tax_id), "tax number"),
        ("external_reference", profile.external_reference, "number in the other system"),
    ):
        other = known.by.get(name, {}).get(key)
        if other is not None and other != besides:
            return f"A customer with the same {said} is there already."
    return None


def _update(
    unit: UnitOfWork, draft: Draft, reading: Reader, arrangement: Arrangement, row: CustomerRow, known: Known
) -> Taken:
    before = profile_of(row)
    if row.merged_into is not None:
        return rejected(draft.row, f"Customer {row.number} was merged into another one.", row.name)
    country = str(draft.values.get("country") or before.country)
    wanted = _filled(draft, before, country)
    if before.ad_source:
        wanted = replace(wanted, ad_source=before.ad_source)  # of the first contact, never overwritten
    after = _checked(wanted, reading, before)
    other = _holder(known, after, besides=row.id)
    if other is not None:
        return rejected(draft.row, other, row.name)
    changes = {name for name in before.__dataclass_fields__ if getattr(before, name) != getattr(after, name)}
    if not changes:
        return Taken(row=draft.row, outcome=UNCHANGED, label=row.name, record_id=row.id)
    if not arrangement.updates:
        return Taken(
            row=draft.row, outcome=DUPLICATE, label=row.name, sentence=f"Customer {row.number} is there already."
        )
    theirs = changes & reading.mastered
    if theirs:
        return rejected(draft.row, MasteredElsewhere("crm.customer", sorted(theirs)).sentence, row.name)
    fill(row, after)
    row.changed_at, row.changed_by = unit.clock.now(), unit.actor.id
    judge(row)
    row.match_keys = match_keys(after)
    unit.emit(
        CustomerChanged(
            customer_id=row.id,
            changes=differences(before, after, changes - PERSONAL),
            personal_changes=differences(before, after, changes & PERSONAL),
        )
    )
    return Taken(
        row=draft.row,
        outcome=UPDATED,
        label=row.name,
        record_id=row.id,
        before=SHAPE.dump_python(before, mode="json"),
        changes=sorted(changes),
    )


def _checked(profile: Profile, reading: Reader, before: Profile | None) -> Profile:
    """The checks of a customer that is entered by hand; values of lists were found in them as the row was read."""
    normal = checked(profile)
    given = before.custom if before else {}
    if normal.custom == given and (before or not any(each.is_required for each in reading.own.values())):
        return normal
    draft = Draft(Row(line=0, cells=()))
    custom, _codes = read_values(list(reading.own.values()), normal.custom, given, draft.findings)
    draft.findings.refuse()
    return replace(normal, custom=custom)


def _filled(draft: Draft, profile: Profile, country: str) -> Profile:
    """The profile with what the row says; what it does not say stays."""
    values = draft.values
    plain = {name: value for name, value in values.items() if name in PLAIN}
    plain |= {"country": country}
    if "founded_on" in values:
        plain["founded_on"] = values["founded_on"]
    if "iban" in values:
        account = BankAccount(iban=values["iban"], currency=str(values.get("currency") or profile.currency))
        theirs = "".join(values["iban"].upper().split())
        if theirs not in {each.iban for each in profile.bank_accounts}:
            plain["bank_accounts"] = (*profile.bank_accounts, account)
    registers = {each: values[each] for each in REGISTERS if each in values}
    if registers:
        others = tuple(each for each in profile.identifiers if each.kind not in registers)
        plain["identifiers"] = (*others, *(Identifier(kind=kind, number=said) for kind, said in registers.items()))
    return replace(
        profile,
        **plain,
        custom=profile.custom | own_values(draft),
        addresses=_addresses(values, profile, country),
        phones=_replaced(
            profile.phones, [Phone(number=values[name], kind=kind) for name, kind in PHONES.items() if name in values]
        ),
        emails=_replaced(
            profile.emails, [Email(address=values[name], kind=kind) for name, kind in EMAILS.items() if name in values]
        ),
    )


def _replaced(known: tuple[Any, ...], given: list[Any]) -> tuple[Any, ...]:
    """The first of each kind is replaced in its place, others stay."""
    found = list(known)
    for each in given:
        at = next((index for index, other in enumerate(found) if other.kind == each.kind), None)
        if at is None:
            found.append(each)
        else:
            found[at] = each
    return tuple(found)


def _addresses(values: Mapping[str, Any], profile: Profile, country: str) -> tuple[Address, ...]:
    given = []
    for kind, prefix in (("registered", ""), ("delivery", "delivery.")):
        parts = {
            name: values[f"{prefix}{name}"] for name in ("street", "postal_code", "city") if prefix + name in values
        }
        if not parts:
            continue
        known = next((each for each in profile.addresses if each.kind == kind), None)
        old = {name: getattr(known, name) for name in ("street", "postal_code", "city")} if known else {}
        merged = {"street": "", "city": "", "postal_code": ""} | old | parts
        region = values.get("region") if not prefix else None
        given.append(Address(kind=kind, country=country, region=region or (known.region if known else None), **merged))
    return _replaced(profile.addresses, given)


def _set_apart(unit: UnitOfWork, known: Known, fresh: list[_Fresh], arrangement: Arrangement) -> None:
    """Find those that look like customers who are there, or like an earlier row."""
    telling = {each.row.id: [key for key in each.row.match_keys if _tells(key)] for each in fresh}
    keys = sorted({key for found in telling.values() for key in found})
    if not keys:
        return
    for id_, number, name, theirs, merged_into in _sharing(unit, keys):
        for key in theirs if merged_into is None else ():
            if _tells(key):
                known.alike.setdefault(key, []).append((id_, number, name, theirs))
    for each in fresh:
        _compare(each, telling[each.row.id], known, arrangement)


def _sharing(unit: UnitOfWork, keys: list[str]) -> Sequence[Any]:
    """Customers that have one of many keys, by the index.

    While statistics do not know yet how many customers there are, each would be compared with every key instead.
    """
    shares = CustomerRow.match_keys.op("&&")(cast(keys, ARRAY(String(collation="C"))))
    wanted = select(
        CustomerRow.id, CustomerRow.number, CustomerRow.name, CustomerRow.match_keys, CustomerRow.merged_into
    )
    unit.session.execute(BY_INDEX)
    found = unit.session.execute(wanted.where(shares)).all()
    unit.session.execute(AS_ALWAYS)
    return found


def _tells(key: str) -> bool:
    return key.startswith((*STRONG, "n:"))


def _compare(fresh: _Fresh, telling: Iterable[str], known: Known, arrangement: Arrangement) -> None:
    mine = set(fresh.row.match_keys)
    others = {found[0]: found for key in telling for found in known.alike.get(key, ())}
    for other_id, number, name, keys in others.values():
        score, reasons = likeness(fresh.profile.name, name, set(keys) & mine)
        if score < FLAGGED:
            continue
        if arrangement.skips_duplicates:
            fresh.taken.outcome, fresh.taken.record_id = DUPLICATE, None
            fresh.taken.sentence = f"Looks like {name} ({number}): {', '.join(reasons)}."
            return
        fresh.pairs.append((other_id, score, reasons))
    line = fresh.taken.row.line
    same = next((known.seen[key] for key in telling if key in known.seen and key.startswith("n:")), None)
    if same is not None and arrangement.skips_duplicates and any(key in known.seen for key in telling if key[0] != "n"):
        fresh.taken.outcome, fresh.taken.record_id = DUPLICATE, None
        fresh.taken.sentence = f"Looks like line {same} of this file."
        return
    for key in telling:
        known.seen.setdefault(key, line)


def _write(unit: UnitOfWork, fresh: Sequence[_Fresh]) -> None:
    if not fresh:
        return
    numbers = lasting_number(unit, "C", count=len(fresh))
    pairs = []
    for each, number in zip(fresh, numbers, strict=True):
        each.row.number = number
        unit.made[f"customer:{each.row.id}"] = each.row  # whoever tells of it need not read it back
        pairs += [
            {
                "id": new_id(),
                "first_id": min(each.row.id, other),
                "second_id": max(each.row.id, other),
                "score": score,
                "reasons": reasons,
                "state": "open",
                "found_at": unit.clock.now(),
            }
            for other, score, reasons in each.pairs
        ]
        unit.emit(
            CustomerCreated(
                customer_id=each.row.id,
                number=number,
                name=each.profile.name,
                country=each.profile.country,
                tax_id=each.profile.tax_id,
                external_reference=each.profile.external_reference,
            )
        )
    write(unit, [each.row for each in fresh])
    if pairs:
        unit.session.execute(insert(DuplicatePairRow).values(pairs).on_conflict_do_nothing())

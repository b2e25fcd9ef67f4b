"""How alike two customers are, and the keys under which those worth comparing are found.

Every customer has at most a few dozen keys; customers are compared with those that share one, never with all.
"""

from collections.abc import Iterable

from rapidfuzz import fuzz

from crm.profiles import Profile
from crm.reach import e164, words

FORMS = frozenset(
    [
        "sp",
        "z",
        "o",
        "oo",
        "sa",
        "s",
        "a",
        "zoo",
        "spolka",
        "spol",
        "akcyjna",
        "jawna",
        "komandytowa",
        "k",
        "j",
        "spk",
        "spj",
        "phu",
        "pphu",
        "firma",
        "przedsiebiorstwo",
        "zaklad",
        "gmbh",
        "ag",
        "kg",
        "ohg",
        "mbh",
        "ug",
        "co",
        "ltd",
        "limited",
        "plc",
        "llc",
        "llp",
        "inc",
        "corp",
        "corporation",
        "company",
        "srl",
        "spa",
        "sro",
        "as",
        "ab",
        "oy",
        "oyj",
        "bv",
        "nv",
        "sarl",
        "sas",
        "sasu",
        "doo",
        "d",
        "ooo",
        "oao",
        "zao",
        "pao",
        "ip",
        "uab",
        "kft",
        "zrt",
        "ltda",
        "lda",
    ]
)
STRONG = ("t:", "m:", "i:", "x:")  # phone, mail, account, number in a register
PUBLIC = frozenset({"gmail.com", "wp.pl", "onet.pl", "o2.pl", "interia.pl", "yahoo.com", "outlook.com", "mail.ru"})
FLAGGED = 75  # of 100
SHORTENED = 0.9  # what a name is worth whose words all stand in the other one
LONGEST = 80  # characters of a key
SAID = {"t:": "the same phone", "m:": "the same e-mail", "i:": "the same account", "x:": "the same number"}


def bare_name(name: str) -> str:
    """The words of a name without legal forms, in alphabetical order; with them, where nothing else is left."""
    found = words(name).split()
    telling = [word for word in found if word not in FORMS]
    return " ".join(sorted(telling or found))


def match_keys(profile: Profile) -> list[str]:
    """The keys of a customer: its bare name, parts of it with its cities, and everything that reaches it."""
    bare = bare_name(profile.name)
    parts = bare.split()
    keys = {f"n:{bare}"}
    if len(parts) > 1:
        keys.add(f"p:{parts[0][:4]}:{parts[-1][:4]}")
    for address in profile.addresses:
        keys |= {f"c:{words(address.city)}:{word[:4]}" for word in parts[:4]}
    keys |= {f"t:{number}" for phone in profile.phones if (number := e164(phone.number, profile.country))}
    keys |= {f"m:{email.address.lower()}" for email in profile.emails}
    domains = {email.address.rpartition("@")[2].lower() for email in profile.emails} - PUBLIC
    keys |= {f"d:{domain}" for domain in domains}
    keys |= {f"i:{account.iban}" for account in profile.bank_accounts}
    keys |= {f"x:{_digits(each.number)}" for each in profile.identifiers if _digits(each.number)}
    if profile.tax_id and _digits(profile.tax_id):
        keys.add(f"x:{_digits(profile.tax_id)}")
    return sorted(key[:LONGEST] for key in keys)


def likeness(one: str, other: str, shared: Iterable[str]) -> tuple[int, list[str]]:
    """How alike two names with some shared keys are, from 0 to 100, and why in words."""
    first, second = bare_name(one), bare_name(other)
    name = max(fuzz.token_sort_ratio(first, second), SHORTENED * fuzz.token_set_ratio(first, second))
    score, reasons = 0.7 * name, []
    if name >= 70:
        reasons.append("the same name" if name >= 98 else f"names alike by {name:.0f} %")
    if name >= 98:
        score += 5
    strong = sorted({key[:2] for key in shared if key.startswith(STRONG)})
    if strong:
        score += 25
        reasons += [SAID[kind] for kind in strong]
    if any(key.startswith("c:") for key in shared):
        score += 10
        reasons.append("the same city")
    return min(round(score), 100), reasons


def _digits(text: str) -> str:
    return "".join(each for each in text if each.isdigit())

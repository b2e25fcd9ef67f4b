"""What a mail of a customer is probably about: the type of its activity, guessed from the words that it begins with."""

from crm.activities.words import TYPE
from crm.dictionaries import dictionary
from crm.reach import words
from storage.unit_of_work import Reading

LOOKED_AT = 400  # characters of the text, after the subject: answers quote what was written before
STEMS = {  # type -> beginnings of folded words in Polish, English, Romanian, Russian; complaints are looked for first
    "complaint": (
        *("reklamacj", "reklamuj", "wadliw", "uszkodz", "zepsut", "ciekni", "complain", "defect", "broken", "damage"),
        *("reclamati", "pretenti", "defectiun", "stricat", "жалоб", "претенз", "рекламац", "брак", "сломал"),
    ),
    "sale": (
        *("zapytani", "ofert", "wycen", "zamow", "cennik", "quot", "enquir", "inquir", "offer", "price"),
        *("cerere", "pret", "comanda", "comenz", "запрос", "предложен", "заказ", "цена", "цену", "цены", "прайс"),
    ),
    "consultation": (
        *("pytani", "pomoc", "instrukcj", "question", "help", "manual", "intreb", "ajutor", "вопрос", "помо"),
    ),
}


def guess_type(view: Reading, subject: str, text: str) -> str | None:
    """The type, None where no word tells or the firm's list does not have it any more."""
    offered = {each.code for each in dictionary(view, TYPE).values if not each.is_retired}
    said = words(subject, text[:LOOKED_AT]).split()
    return next(
        (kind for kind, stems in STEMS.items() if kind in offered and any(word.startswith(stems) for word in said)),
        None,
    )

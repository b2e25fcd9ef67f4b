"""The value lists that every installation begins with, labels in Polish, English, Romanian and Russian."""

from collections.abc import Iterable
from typing import Any

LANGUAGES = ("pl", "en", "ro", "ru")
FIXED = {
    "reliability",
    "customer_class",
    "activity_direction",
    "activity_priority",
    "activity_state",
    "activity_status",
}
# first the list, then its values: code | Polish | English | Romanian | Russian
SHIPPED = (
    """
    business_profile | Profil działalności | Business profile | Profil de activitate | Профиль деятельности
    production | Produkcja | Production | Producție | Производство
    trade | Handel | Trade | Comerț | Торговля
    services | Usługi | Services | Servicii | Услуги
    public | Sektor publiczny | Public sector | Sector public | Государственный сектор
    """,
    """
    industry | Branża | Industry | Ramură | Отрасль
    construction | Budownictwo | Construction | Construcții | Строительство
    food | Spożywcza | Food | Alimentară | Пищевая
    machinery | Maszynowa | Machinery | Construcții de mașini | Машиностроение
    chemistry | Chemiczna | Chemistry | Chimică | Химическая
    energy | Energetyka | Energy | Energie | Энергетика
    transport | Transport | Transport | Transporturi | Транспорт
    it | Informatyka | Information technology | Informatică | Информатика
    other | Inna | Other | Alta | Другая
    """,
    """
    company_category | Kategoria firmy | Company category | Categoria firmei | Категория фирмы
    micro | Mikro | Micro | Micro | Микро
    small | Mała | Small | Mică | Малая
    medium | Średnia | Medium | Mijlocie | Средняя
    large | Duża | Large | Mare | Крупная
    """,
    """
    customer_kind | Rodzaj klienta | Customer kind | Tipul clientului | Вид клиента
    prospect | Potencjalny | Prospect | Potențial | Потенциальный
    buyer | Odbiorca | Buyer | Cumpărător | Покупатель
    reseller | Dystrybutor | Reseller | Distribuitor | Дистрибьютор
    supplier | Dostawca | Supplier | Furnizor | Поставщик
    partner | Partner | Partner | Partener | Партнёр
    former | Były klient | Former customer | Fost client | Бывший клиент
    consumer | Konsument | Consumer | Consumator | Потребитель
    public_medical | Publiczny podmiot leczniczy | Public medical entity | Spital public | Госмедучреждение
    """,
    """
    reliability | Wiarygodność płatnicza | Reliability | Fiabilitate | Категория надёжности
    A | Wzorowa | Exemplary | Exemplară | Образцовая
    B | Dobra | Good | Bună | Хорошая
    C | Słaba | Weak | Slabă | Слабая
    D | Zła | Bad | Rea | Плохая
    """,
    """
    customer_class | Klasa klienta | Customer class | Clasa clientului | Класс клиента
    A | A | A | A | A
    B | B | B | B | B
    C | C | C | C | C
    """,
    """
    value_class | Klasa wartości | Value class | Clasa de valoare | Класс ценности
    key | Kluczowy | Key | Cheie | Ключевой
    less_profitable | Mniej rentowny | Less profitable | Mai puțin profitabil | Менее рентабельный
    unprofitable | Nierentowny | Unprofitable | Neprofitabil | Нерентабельный
    """,
    """
    region | Region | Region | Regiune | Регион
    """,
    """
    ad_source | Źródło reklamy | Advertising source | Sursa reclamei | Источник рекламы
    recommendation | Polecenie | Recommendation | Recomandare | Рекомендация
    search_engine | Wyszukiwarka | Search engine | Motor de căutare | Поисковая система
    trade_fair | Targi | Trade fair | Târg | Выставка
    press | Prasa | Press | Presă | Пресса
    mailing | Mailing | Mailing | Mailing | Рассылка
    social_media | Media społecznościowe | Social media | Rețele sociale | Социальные сети
    """,
    """
    contact_role | Rola osoby | Role of a person | Rolul persoanei | Роль лица
    decision_maker | Decydent | Decision maker | Factor de decizie | Принимает решения
    purchasing | Zaopatrzenie | Purchasing | Achiziții | Закупки
    accountant | Księgowość | Accountant | Contabilitate | Бухгалтерия
    technical | Technika | Technical | Tehnic | Технический специалист
    assistant | Sekretariat | Assistant | Secretariat | Секретариат
    """,
    """
    interest | Zainteresowania | Interests | Interese | Интересы
    sport | Sport | Sport | Sport | Спорт
    travel | Podróże | Travel | Călătorii | Путешествия
    music | Muzyka | Music | Muzică | Музыка
    books | Książki | Books | Cărți | Книги
    motoring | Motoryzacja | Motoring | Automobile | Автомобили
    cooking | Gotowanie | Cooking | Gătit | Кулинария
    """,
    """
    note_kind | Rodzaj notatki | Kind of note | Tipul notei | Вид заметки
    general | Ogólna | General | Generală | Общая
    commercial | Handlowa | Commercial | Comercială | Коммерческая
    technical | Techniczna | Technical | Tehnică | Техническая
    financial | Finansowa | Financial | Financiară | Финансовая
    """,
    """
    satisfaction_source | Źródło oceny | Source of satisfaction | Sursa evaluării | Источник оценки
    survey | Ankieta | Survey | Sondaj | Опрос
    call | Rozmowa | Call | Convorbire | Разговор
    meeting | Spotkanie | Meeting | Întâlnire | Встреча
    case | Sprawa | Case | Caz | Дело
    """,
    """
    activity_direction | Kierunek kontaktu | Contact direction | Direcția contactului | Направление контакта
    incoming | Przychodzący | Incoming | Primit | Входящий
    outgoing | Wychodzący | Outgoing | Trimis | Исходящий
    """,
    """
    activity_method | Sposób kontaktu | Contact method | Metoda contactului | Способ контакта
    email | E-mail | E-mail | E-mail | Электронная почта
    phone | Telefon | Phone | Telefon | Телефон
    post | Poczta | Post | Poștă | Почта
    fax | Faks | Fax | Fax | Факс
    meeting | Spotkanie | Meeting | Întâlnire | Встреча
    sms | SMS | SMS | SMS | SMS
    personal | Kontakt osobisty | Personal contact | Contact personal | Личный контакт
    shop_visit | Wizyta w sklepie lub salonie | Shop or showroom visit | Vizită la magazin | Посещение магазина
    web_visit | Wizyta na stronie | Web visit | Vizită pe site | Посещение сайта
    enquiry | Zapytanie | Enquiry | Solicitare | Запрос
    negotiation | Negocjacje | Negotiation | Negociere | Переговоры
    presentation | Prezentacja | Presentation | Prezentare | Презентация
    """,
    """
    activity_priority | Priorytet kontaktu | Contact priority | Prioritatea contactului | Приоритет контакта
    high | Wysoki | High | Înaltă | Высокий
    medium | Średni | Medium | Medie | Средний
    low | Niski | Low | Scăzută | Низкий
    """,
    """
    activity_type | Typ kontaktu | Contact type | Tipul contactului | Тип контакта
    sale | Sprzedaż | Sale | Vânzare | Продажа
    consultation | Konsultacja | Consultation | Consultanță | Консультация
    complaint | Reklamacja | Complaint | Reclamație | Рекламация
    """,
    """
    activity_state | Stan kontaktu | Contact state | Starea contactului | Состояние контакта
    not_needed | Nie wymaga rozpatrzenia | Needs no consideration | Nu necesită analiză | Не требует рассмотрения
    not_done | Niewykonany | Not done | Neefectuat | Не выполнен
    done | Wykonany | Done | Efectuat | Выполнен
    partly_done | Wykonany częściowo | Partly done | Efectuat parțial | Выполнен частично
    """,
    """
    activity_status | Status kontaktu | Contact status | Statutul contactului | Статус контакта
    held | Odbyty | Held | Avut loc | Состоялся
    planned | Planowany | Planned | Planificat | Запланирован
    cancelled | Planowany i odwołany | Planned and cancelled | Planificat și anulat | Запланирован и отменён
    """,
    """
    failure_reason | Powód odłożenia | Reason of delay or failure | Motivul amânării sau eșecului | Причина срыва
    price | Cena | Price | Preț | Цена
    delivery_time | Termin dostawy | Delivery time | Termen de livrare | Срок поставки
    competitor | Konkurencja | Competitor | Concurență | Конкурент
    no_budget | Brak budżetu | No budget | Lipsă buget | Нет бюджета
    """,
    """
    knowledge_kind | Rodzaj w bazie wiedzy | Kind in the knowledge base | Tip în baza de cunoștințe | Вид в базе знаний
    correspondence | Korespondencja | Postal correspondence | Corespondență | Переписка
    business_trip | Delegacja | Business trip | Deplasare | Командировка
    phone_call | Rozmowa telefoniczna | Phone call | Convorbire telefonică | Телефонный разговор
    folder_sent | Wysłany folder | Folder sent | Pliant trimis | Отправленный буклет
    offer_sent | Wysłana oferta | Offer sent | Ofertă trimisă | Отправленное предложение
    """,
    """
    campaign_phase | Faza kampanii | Campaign phase | Faza campaniei | Фаза кампании
    planning | Planowanie | Planning | Planificare | Планирование
    execution | Zarządzanie i realizacja | Management and execution | Gestionare și execuție | Управление и исполнение
    analysis | Analiza | Analysis | Analiză | Анализ
    """,
    """
    campaign_channel | Kanał kampanii | Campaign channel | Canalul campaniei | Канал кампании
    direct_email | E-mail bezpośredni | Direct e-mail | E-mail direct | Прямая рассылка
    telemarketing | Telemarketing | Telemarketing | Telemarketing | Телемаркетинг
    letter | Kampania listowna | Letter campaign | Campanie prin scrisori | Почтовая кампания
    """,
    """
    channel | Kanał komunikacji | Communication channel | Canal de comunicare | Канал связи
    phone | Telefon | Phone | Telefon | Телефон
    email | E-mail | E-mail | E-mail | Электронная почта
    sms | SMS | SMS | SMS | SMS
    personal | Kontakt osobisty | Personal contact | Contact personal | Личный контакт
    """,
)


def dictionaries() -> list[dict[str, Any]]:
    """Rows of the lists."""
    return rows_of(SHIPPED)[0]


def values() -> list[dict[str, Any]]:
    """Rows of their values."""
    return rows_of(SHIPPED)[1]


def rows_of(texts: Iterable[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of lists and of their values, of texts as above."""
    lists, found = [], []
    for (key, labels), *rows in map(_lines, texts):
        lists.append({"key": key, "labels": labels, "is_fixed": key in FIXED, "row_version": 1})
        for position, (code, named) in enumerate(rows, 1):
            value = {"dictionary": key, "code": code, "labels": named, "position": position, "is_retired": False}
            found.append(value)
    return lists, found


def _lines(text: str) -> list[tuple[str, dict[str, str]]]:
    found = []
    for line in text.strip().splitlines():
        code, *labels = (part.strip() for part in line.split("|"))
        found.append((code, dict(zip(LANGUAGES, labels, strict=True))))
    return found

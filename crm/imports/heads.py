"""How the heads of columns are called in English, Polish, Romanian and Russian, in other programs and in Outlook."""

HEADS: dict[str, dict[str, str]] = {
    "customers": {
        "number": "customer number|customer no|numer klienta|nr klienta|număr client|номер клиента",
        "external_reference": "id|customer id|external id|external reference|code|kod|kod klienta|symbol|akronim|cod"
        "|cod client|код|код клиента|ид",
        "tax_id": "tax id|vat|vat id|vat number|nip|numer nip|cui|cif|cod fiscal|инн|tin",
        "email": "e-mail|mail|email address|adres e-mail|adres email|poczta|adresa de e-mail|эл почта|электронная почта"
        "|почта",
        "name": "company|company name|customer|customer name|nazwa|nazwa firmy|firma|klient|kontrahent|denumire|nume"
        "|companie|client|название|наименование|компания|организация|клиент",
        "legal_name": "full name|pełna nazwa|nazwa pełna|denumire completă|полное наименование",
        "country": "kraj|țara|tara|страна|country code",
        "street": "address|address line 1|ulica|adres|strada|adresa|улица|адрес",
        "postal_code": "zip|zip code|postcode|kod pocztowy|cod poștal|индекс|почтовый индекс",
        "city": "town|miasto|miejscowość|oraș|localitate|город",
        "region": "state|województwo|județ|регион|область",
        "phone": "telephone|tel|telefon|nr telefonu|numer telefonu|телефон",
        "mobile": "mobile phone|cell|komórka|telefon komórkowy|telefon mobil|мобильный|мобильный телефон",
        "fax": "faks|факс|fax number",
        "website": "www|web|url|strona www|strona internetowa|site|pagină web|сайт",
        "iban": "bank account|account|konto|rachunek|rachunek bankowy|numer konta|cont bancar|расчетный счет|счет",
        "currency": "waluta|moneda|monedă|валюта",
        "credit_limit": "limit|limit kredytowy|limită de credit|кредитный лимит",
        "payment_days": "payment terms|termin płatności|termen de plată|срок оплаты",
        "owner": "opiekun|handlowiec|sales rep|account manager|agent|менеджер|ответственный",
        "industry": "branża|industrie|отрасль",
        "needs": "notes|potrzeby|nevoi|потребности",
        "ad_source": "source|źródło|sursă|источник",
        "block_reason": "blocked|block reason|blokada|powód blokady|blocat|motivul blocării|блокировка"
        "|причина блокировки",
    },
    "contacts": {
        "external_reference": "id|contact id|kod|cod|код",
        "name": "full name|contact|contact name|imię i nazwisko|osoba|nume complet|фио|имя и фамилия|контакт",
        "company": "customer|customer name|nazwa firmy|klient|kontrahent|client|клиент|организация",
        "customer.number": "customer number|numer klienta",
        "customer.external_reference": "customer id|kod klienta|cod client|код клиента",
        "customer.tax_id": "nip|cui|инн|vat id",
        "role": "rola|rol|роль",
        "preferences": "preferencje|preferințe|предпочтения",
        "interests": "zainteresowania|interese|интересы",
        "family": "rodzina|familie|семья",
    },
    "products": {
        "sku": "article|article number|product code|code|kod|kod towaru|indeks|symbol|numer artykułu|cod|cod produs"
        "|артикул|код",
        "external_reference": "id|product id",
        "name": "product|product name|nazwa|nazwa towaru|towar|produkt|denumire|produs|наименование|товар|название",
        "category": "grupa|kategoria|grupa towarowa|categorie|категория|группа",
        "unit": "jm|j m|jednostka|um|unitate|ед|ед изм|единица",
        "price": "unit price|cena|cena netto|cena jednostkowa|preț|pret|цена",
        "currency": "waluta|monedă|валюта",
        "vat_rate": "vat|stawka vat|stawka|tva|cota tva|ндс|ставка ндс",
        "cost": "koszt|cena zakupu|cost de achiziție|себестоимость",
        "is_active": "active|aktywny|activ|активен",
    },
    "activities": {
        "key": "id|activity id",
        "customer.number": "customer number|numer klienta",
        "customer.external_reference": "customer id|kod klienta|код клиента",
        "company": "customer|klient|client|клиент|firma",
        "contact.name": "contact|person|osoba|persoană|контакт",
        "contact.email": "contact e-mail",
        "employee": "user|pracownik|handlowiec|angajat|сотрудник|менеджер",
        "method": "kind|channel|rodzaj|metoda|metodă|способ|вид",
        "direction": "kierunek|direcție|направление",
        "type": "typ|tip|тип",
        "priority": "priorytet|prioritate|приоритет",
        "status": "stan planu|статус",
        "state": "stan|stare|состояние",
        "subject": "title|temat|subiect|тема",
        "note": "notes|notatka|opis|treść|notă|заметка|описание",
        "planned_from": "planned|start|planowane|początek|început|начало|план",
        "planned_to": "end|koniec|sfârșit|конец",
        "held_from": "date|held|data|odbyło się|data și ora|дата",
        "minutes": "duration|czas trwania|durată|длительность|minuty",
    },
}
OUTLOOK = {  # heads of contacts as Outlook and Outlook Express write them into CSV files, in four languages
    "title": "Title|Tytuł|Titlu|Обращение",
    "first_name": "First Name|Imię|Prenume|Имя",
    "middle_name": "Middle Name|Drugie imię|Inițială sau al doilea prenume|Отчество",
    "last_name": "Last Name|Nazwisko|Nume|Фамилия",
    "name": "Name|Nazwa|Nume complet|Полное имя",
    "company": "Company|Firma|Companie|Организация|Firmă|Компания",
    "job_title": "Job Title|Stanowisko|Funcție|Должность|Stanowisko służbowe|Titlul postului",
    "email": "E-mail Address|Email Address|Adres e-mail|Adres email|Adresă de e-mail|Adresa de e-mail"
    "|Адрес эл. почты|Адрес электронной почты|E-mail|Email",
    "phone": "Business Phone|Telefon służbowy|Telefon (praca)|Telefon serviciu|Telefon la serviciu|Рабочий телефон"
    "|Телефон раб.|Phone|Telefon|Телефон",
    "mobile": "Mobile Phone|Telefon komórkowy|Telefon mobil|Телефон переносной|Мобильный телефон|Mobile|Komórka",
    "birthday": "Birthday|Urodziny|Data urodzenia|Zi de naștere|Aniversare|День рождения|Дата рождения",
    "customer.street": "Business Street|Adres służbowy - ulica|Ulica (adres służbowy)|Strada serviciu"
    "|Strada (serviciu)|Улица (раб. адрес)|Рабочий адрес - улица",
    "customer.city": "Business City|Adres służbowy - miejscowość|Miejscowość (adres służbowy)|Localitate serviciu"
    "|Localitate (serviciu)|Город (раб. адрес)|Рабочий адрес - город",
    "customer.postal_code": "Business Postal Code|Adres służbowy - kod pocztowy|Kod pocztowy (adres służbowy)"
    "|Cod poștal serviciu|Cod poștal (serviciu)|Индекс (раб. адрес)|Почтовый код (раб. адрес)",
    "customer.country": "Business Country/Region|Business Country|Adres służbowy - kraj|Kraj (adres służbowy)"
    "|Țara serviciu|Țară (serviciu)|Страна (раб. адрес)|Страна или регион (раб. адрес)",
    "customer.website": "Web Page|Strona sieci Web|Pagină Web|Веб-страница",
    "family": "Spouse|Współmałżonek|Soț/soție|Супруг(а)",
    "preferences": "Hobby|Hobbies|Zainteresowania|Хобби",
}

"""The words that sample firms, people and products are made of; nothing here is taken from anywhere."""

from core.records import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A town with a postal code and a dialling code that fit."""

    city: str
    postal_code: str
    dial: str
    region: str


@dataclass(frozen=True, slots=True)
class Land:
    """A country's towns, streets, forms of firms, names and number of digits after the dialling code."""

    code: str
    currency: str
    places: tuple[Place, ...]
    streets: tuple[str, ...]
    trades: tuple[str, ...]
    proper: tuple[str, ...]
    forms: tuple[str, ...]
    people: tuple[tuple[str, str], ...]  # name and job title
    local_digits: int


POLAND = Land(
    code="PL",
    currency="PLN",
    places=(
        Place("Łódź", "90-123", "42", "łódzkie"),
        Place("Gdańsk", "80-252", "58", "pomorskie"),
        Place("Wrocław", "50-304", "71", "dolnośląskie"),
        Place("Kraków", "31-450", "12", "małopolskie"),
        Place("Rzeszów", "35-016", "17", "podkarpackie"),
        Place("Poznań", "60-702", "61", "wielkopolskie"),
        Place("Białystok", "15-282", "85", "podlaskie"),
        Place("Zielona Góra", "65-054", "68", "lubuskie"),
        Place("Częstochowa", "42-217", "34", "śląskie"),
        Place("Bydgoszcz", "85-039", "52", "kujawsko-pomorskie"),
        Place("Olsztyn", "10-434", "89", "warmińsko-mazurskie"),
        Place("Świdnica", "58-105", "74", "dolnośląskie"),
    ),
    streets=(
        "ul. Źródlana",
        "ul. Hutnicza",
        "al. Jabłoniowa",
        "ul. Składowa",
        "ul. Żeglarska",
        "ul. Młyńska",
        "ul. Śliwkowa",
    ),
    trades=(
        "Zakład Łożysk",
        "Wytwórnia Pomp",
        "Instalacje Cieplne",
        "Hurtownia Armatury",
        "Przędzalnia",
        "Mleczarnia",
        "Ciepłownia",
        "Stocznia Rzeczna",
        "Młyn Gospodarczy",
        "Spółdzielnia Ogrodnicza",
        "Browar",
        "Warsztaty Kolejowe",
        "Tartak",
    ),
    proper=(
        "Żuraw",
        "Źródło",
        "Jaśmin",
        "Świerk",
        "Gęśla",
        "Kłos",
        "Wrzos",
        "Łabędź",
        "Ćma",
        "Ósemka",
        "Dąb",
        "Błękit",
        "Jaźń",
    ),
    forms=("sp. z o.o.", "S.A.", "sp.j.", "sp. z o.o. sp.k."),
    people=(
        ("Małgorzata Źrebiec", "Kierowniczka zakupów"),
        ("Łukasz Gżegżółka", "Główny mechanik"),
        ("Bożena Ślęzak", "Dyrektor finansowa"),
        ("Zbigniew Ćwiek", "Kierownik utrzymania ruchu"),
        ("Agnieszka Wójcicka-Żak", "Specjalistka ds. zakupów"),
        ("Stanisław Pięta", "Prezes zarządu"),
    ),
    local_digits=7,
)
ABROAD = (
    Land(
        code="DE",
        currency="EUR",
        places=(Place("Görlitz", "02826", "3581", "Sachsen"), Place("Lübeck", "23552", "451", "Schleswig-Holstein")),
        streets=("Mühlenweg", "Am Güterbahnhof"),
        trades=("Wärmetechnik", "Pumpenbau", "Brauerei"),
        proper=("Grünfink", "Brückner & Söhne", "Nordlicht"),
        forms=("GmbH", "AG", "GmbH & Co. KG"),
        people=(("Jürgen Weißbach", "Einkaufsleiter"), ("Käthe Möller", "Geschäftsführerin")),
        local_digits=6,
    ),
    Land(
        code="CZ",
        currency="CZK",
        places=(
            Place("Ostrava", "702 00", "596", "Moravskoslezský"),
            Place("Náchod", "547 01", "491", "Královéhradecký"),
        ),
        streets=("Lipová", "Nádražní"),
        trades=("Strojírna", "Pivovar"),
        proper=("Jeřábek", "Říp", "Žluťásek"),
        forms=("s.r.o.", "a.s."),
        people=(("Jiří Dvořáček", "vedoucí nákupu"),),
        local_digits=6,
    ),
    Land(
        code="SK",
        currency="EUR",
        places=(Place("Žilina", "010 01", "41", "Žilinský"),),
        streets=("Ľubovnianska",),
        trades=("Tepláreň", "Drevovýroba"),
        proper=("Ďateľ", "Čučoriedka"),
        forms=("s.r.o.",),
        people=(("Ľudmila Kováčiková", "nákupkyňa"),),
        local_digits=7,
    ),
    Land(
        code="LT",
        currency="EUR",
        places=(Place("Kaunas", "44280", "37", "Kauno"),),
        streets=("Ąžuolų g.",),
        trades=("Šilumos tinklai",),
        proper=("Gegužė", "Žiogas"),
        forms=("UAB",),
        people=(("Rūta Šimkutė", "pirkimų vadovė"),),
        local_digits=6,
    ),
    Land(
        code="AT",
        currency="EUR",
        places=(Place("Graz", "8020", "316", "Steiermark"),),
        streets=("Schönaugasse",),
        trades=("Heizungstechnik", "Seilbahnbau"),
        proper=("Murmel", "Gämse"),
        forms=("GmbH",),
        people=(("Franz Hölzl", "Leiter Instandhaltung"),),
        local_digits=6,
    ),
    Land(
        code="IT",
        currency="EUR",
        places=(Place("Udine", "33100", "0432", "Friuli"),),
        streets=("Via delle Acacie",),
        trades=("Caseificio", "Officine"),
        proper=("Libertà", "Colibrì"),
        forms=("S.r.l.", "S.p.A."),
        people=(("Niccolò Perù", "responsabile acquisti"),),
        local_digits=6,
    ),
    Land(
        code="DK",
        currency="DKK",
        places=(Place("Aalborg", "9000", "", "Nordjylland"),),
        streets=("Ærøgade",),
        trades=("Fjernvarme", "Skibsværft"),
        proper=("Blåbær", "Søhest"),
        forms=("A/S", "ApS"),
        people=(("Søren Østergård", "indkøbschef"),),
        local_digits=8,
    ),
)
# sku, name, category, unit, price and cost in PLN, VAT rate
PRODUCTS = (
    ("PO-2540", "Pompa obiegowa 25-40", "pompy", "szt.", "489.00", "361.00", "23"),
    ("PO-2560", "Pompa obiegowa 25-60 z regulacją obrotów", "pompy", "szt.", "1249.00", "918.00", "23"),
    ("PO-4010", "Pompa kołnierzowa 40-100", "pompy", "szt.", "4380.00", "3197.00", "23"),
    ("PO-8012", "Pompa przemysłowa 80-120, żeliwo", "pompy", "szt.", "13900.00", "10147.00", "23"),
    ("PO-GL15", "Pompa głębinowa 1,5 kW", "pompy", "szt.", "2750.00", "1979.00", "23"),
    ("LK-6204", "Łożysko kulkowe 6204", "łożyska", "szt.", "18.90", "12.20", "23"),
    ("LK-6310", "Łożysko kulkowe 6310 C3", "łożyska", "szt.", "112.50", "77.60", "23"),
    ("LW-22220", "Łożysko wahliwe 22220", "łożyska", "szt.", "864.00", "613.00", "23"),
    ("OB-SN511", "Oprawa łożyska dzielona", "łożyska", "szt.", "246.00", "171.00", "23"),
    ("ZK-050", "Zawór kulowy DN 50", "armatura", "szt.", "164.00", "108.00", "23"),
    ("ZK-100", "Zawór kulowy DN 100, kołnierzowy", "armatura", "szt.", "1085.00", "760.00", "23"),
    ("ZZ-080", "Zawór zwrotny DN 80", "armatura", "szt.", "572.00", "402.00", "23"),
    ("ZR-065", "Zawór regulacyjny DN 65 z siłownikiem", "armatura", "szt.", "6120.00", "4452.00", "23"),
    ("FS-050", "Filtr siatkowy DN 50", "armatura", "szt.", "318.00", "215.00", "23"),
    ("WP-B320", "Wymiennik płytowy B3-20", "wymienniki", "szt.", "3540.00", "2510.00", "23"),
    ("WP-B560", "Wymiennik płytowy B5-60, skręcany", "wymienniki", "szt.", "21800.00", "16350.00", "23"),
    ("NP-080", "Naczynie przeponowe 80 l", "wymienniki", "szt.", "412.00", "285.00", "23"),
    ("RS-022", "Rura stalowa bez szwu 22×2", "rury", "m", "31.40", "22.80", "23"),
    ("RS-108", "Rura stalowa bez szwu 108×4", "rury", "m", "168.00", "126.00", "23"),
    ("IZ-108", "Otulina z wełny 108/50", "rury", "m", "57.20", "36.50", "23"),
    ("SI-040", "Silnik elektryczny 4 kW", "napędy", "szt.", "2190.00", "1595.00", "23"),
    ("SI-150", "Silnik elektryczny 15 kW", "napędy", "szt.", "5960.00", "4410.00", "23"),
    ("FA-040", "Falownik 4 kW", "napędy", "szt.", "2480.00", "1760.00", "23"),
    ("FA-150", "Falownik 15 kW", "napędy", "szt.", "6840.00", "4995.00", "23"),
    ("SP-112", "Sprzęgło elastyczne 112", "napędy", "szt.", "384.00", "258.00", "23"),
    ("US-MON", "Montaż i uruchomienie", "usługi", "h", "185.00", "118.00", "23"),
    ("US-PRZ", "Przegląd roczny układu pompowego", "usługi", "szt.", "1450.00", "870.00", "23"),
    ("US-SZK", "Szkolenie obsługi (jeden dzień)", "usługi", "szt.", "2600.00", "1420.00", "23"),
    ("DK-INS", "Instrukcja obsługi, druk", "dokumentacja", "szt.", "64.00", "31.00", "5"),
    ("SM-LT2", "Smar litowy EP2, 18 kg", "materiały", "szt.", "396.00", "271.00", "23"),
)
RATES = (("EUR", "4.25"), ("USD", "3.90"), ("CZK", "0.17"), ("DKK", "0.57"))

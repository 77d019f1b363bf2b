"""What differs by country in the sample: locale, telephone numbers, postcodes, identity numbers.

In a pattern ``#`` is a digit, ``%`` a digit but 0, ``?`` a letter. The bar of a number parts what is drawn once per
pool from the four digits that are drawn per person.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Country:
    """A nationality of the RandomUser API."""

    name: str
    locale: str
    """Faker's; it gives names, streets, cities and states unless they stand here."""
    phones: tuple[str, ...]
    cells: tuple[str, ...]
    postcode: str
    """Without letters and leading zeros it is a number in the JSON, as the real API has it."""
    id_name: str = ""
    id_value: str = ""
    places: tuple[tuple[str, str], ...] = ()
    """City and state, where Faker has English ones or none."""
    streets: tuple[str, ...] = ()
    last_names: tuple[str, ...] = ()
    female: tuple[str, ...] = ()
    male: tuple[str, ...] = ()


_NO_PLACES = (
    ("Oslo", "Oslo"), ("Bergen", "Vestland"), ("Trondheim", "Trøndelag"), ("Stavanger", "Rogaland"),
    ("Tromsø", "Troms"), ("Bodø", "Nordland"), ("Kristiansand", "Agder"), ("Hamar", "Innlandet"),
)  # fmt: skip
_NZ_PLACES = (
    ("Auckland", "Auckland"), ("Wellington", "Wellington"), ("Christchurch", "Canterbury"), ("Dunedin", "Otago"),
    ("Hamilton", "Waikato"), ("Tauranga", "Bay of Plenty"), ("Napier", "Hawke's Bay"), ("Nelson", "Tasman"),
)  # fmt: skip
_TR_PLACES = (
    ("Kadıköy", "İstanbul"), ("Çankaya", "Ankara"), ("Karşıyaka", "İzmir"), ("Nilüfer", "Bursa"),
    ("Muratpaşa", "Antalya"), ("Şehitkamil", "Gaziantep"), ("Seyhan", "Adana"), ("Selçuklu", "Konya"),
)  # fmt: skip
_TR_STREETS = ("Atatürk Sokak", "Bağdat Caddesi", "Fatih Sultan Mehmet Caddesi", "Kuşdili Caddesi", "Mevlana Caddesi",
               "Tunalı Hilmi Caddesi", "İstiklal Caddesi", "Şehitler Caddesi")  # fmt: skip
_RS_PLACES = (
    ("Београд", "Град Београд"), ("Нови Сад", "Јужна Бачка"), ("Ниш", "Нишава"), ("Крагујевац", "Шумадија"),
    ("Суботица", "Северна Бачка"), ("Зрењанин", "Средњи Банат"), ("Чачак", "Моравица"), ("Ужице", "Златибор"),
)  # fmt: skip
_RS_STREETS = ("Балканска", "Булевар Ослобођења", "Кнеза Милоша", "Немањина", "Његошева", "Таковска", "Цара Душана")
_RS_LAST = ("Васић", "Јанковић", "Јовановић", "Крстић", "Лазаревић", "Марковић", "Николић", "Павловић", "Петровић",
            "Поповић", "Симић", "Стојановић", "Тодоровић", "Ћирић", "Ђорђевић", "Живковић")  # fmt: skip
_RS_FEMALE = ("Ана", "Драгана", "Ђурђа", "Ивана", "Јелена", "Љубица", "Марија", "Милица", "Невена", "Сања", "Теодора")
_RS_MALE = ("Александар", "Бојан", "Вук", "Горан", "Драган", "Ђорђе", "Жарко", "Иван", "Лука", "Милош", "Никола")

COUNTRIES = {
    "AU": Country(name="Australia", locale="en_AU", phones=("02-9###-|####", "03-9###-|####", "07-3###-|####"),
                  cells=("04##-##|#-###",), postcode="%###", id_name="TFN", id_value="%####|####"),
    "BR": Country(name="Brazil", locale="pt_BR", phones=("(11) 3###-|####", "(21) 2###-|####", "(31) 3###-|####"),
                  cells=("(11) 99###-|####", "(21) 98###-|####"), postcode="%####", id_name="CPF",
                  id_value="###.###.#|##-##"),
    "CA": Country(name="Canada", locale="en_CA", phones=("(416) 4##-|####", "(514) 2##-|####", "(604) 6##-|####"),
                  cells=("(647) 2##-|####", "(438) 8##-|####"), postcode="?#? #?#", id_name="SIN",
                  id_value="%####|####"),
    "CH": Country(name="Switzerland", locale="de_CH", phones=("044 3## |## ##", "031 3## |## ##", "022 7## |## ##"),
                  cells=("076 ### |## ##", "079 ### |## ##"), postcode="%###", id_name="AVS",
                  id_value="756.####.##|##.##"),
    "DE": Country(name="Germany", locale="de_DE", phones=("030-%###|####", "040-%##|####", "089-%##|####"),
                  cells=("0171-###|####", "0176-%###|####"), postcode="%####", id_name="SVNR",
                  id_value="%# ###### ? |####"),
    "DK": Country(name="Denmark", locale="da_DK", phones=("33##|####", "86##|####"), cells=("20##|####", "40##|####"),
                  postcode="%###", id_name="CPR", id_value="######-|####"),
    "ES": Country(name="Spain", locale="es_ES", phones=("91#-##|#-###", "93#-##|#-###", "95#-##|#-###"),
                  cells=("6##-##|#-###",), postcode="%####", id_name="DNI", id_value="%###|####"),
    "FI": Country(name="Finland", locale="fi_FI", phones=("09-%#|#-###", "02-%#|#-###"),
                  cells=("041-###-|##-##", "050-###-|##-##"), postcode="%####", id_name="HETU",
                  id_value="######-|####"),
    "FR": Country(name="France", locale="fr_FR", phones=("01-4#-##-|##-##", "04-9#-##-|##-##", "05-6#-##-|##-##"),
                  cells=("06-##-##-|##-##", "07-6#-##-|##-##"), postcode="%####", id_name="INSEE",
                  id_value="%##########|####"),
    "GB": Country(name="United Kingdom", locale="en_GB", phones=("020 7### |####", "0161 4## |####", "0131 5## |####"),
                  cells=("077## ##|####", "079## ##|####"), postcode="??% #??", id_name="NINO",
                  id_value="?? ## |## ##"),
    "IE": Country(name="Ireland", locale="en_IE", phones=("01-6##-|####", "021-4##-|####"),
                  cells=("085-###-|####", "087-###-|####"), postcode="%####", id_name="PPS", id_value="%##|####"),
    "IN": Country(name="India", locale="en_IN", phones=("011-2###-|####", "022-2###-|####", "080-2###-|####"),
                  cells=("98####|####", "70####|####"), postcode="%#####", id_name="UIDAI", id_value="%#######|####"),
    "IR": Country(name="Iran", locale="fa_IR", phones=("021-8###|####", "031-3###|####"),
                  cells=("0912-###-|####", "0935-###-|####"), postcode="%####"),
    "MX": Country(name="Mexico", locale="es_MX", phones=("(55) 5### |####", "(81) 8### |####"),
                  cells=("(33) 3### |####", "(55) 4### |####"), postcode="%####", id_name="NSS",
                  id_value="## ## ## |####"),
    "NL": Country(name="Netherlands", locale="nl_NL", phones=("(020) 6##|####", "(010) 4##|####"),
                  cells=("(06) 2###|####", "(06) 4###|####"), postcode="%### ??", id_name="BSN", id_value="%####|####"),
    "NO": Country(name="Norway", locale="no_NO", phones=("22##|####", "55##|####"), cells=("4###|####", "9###|####"),
                  postcode="####", id_name="FN", id_value="#######|####", places=_NO_PLACES),
    "NZ": Country(name="New Zealand", locale="en_NZ", phones=("(09)-3##-|####", "(04)-4##-|####"),
                  cells=("(021)-###-|####", "(027)-###-|####"), postcode="%####", places=_NZ_PLACES),
    "RS": Country(name="Serbia", locale="hr_HR", phones=("011-3##-|####", "021-4##-|####"),
                  cells=("063-###-|####", "064-###-|####"), postcode="%####", id_name="SID", id_value="#####|####",
                  places=_RS_PLACES, streets=_RS_STREETS, last_names=_RS_LAST, female=_RS_FEMALE, male=_RS_MALE),
    "TR": Country(name="Turkey", locale="tr_TR", phones=("(212)-2##-|####", "(312)-4##-|####"),
                  cells=("(532)-###-|####", "(555)-###-|####"), postcode="%####", places=_TR_PLACES,
                  streets=_TR_STREETS),
    "UA": Country(name="Ukraine", locale="uk_UA", phones=("(044) 2##-|####", "(032) 2##-|####"),
                  cells=("(067) ###-|####", "(050) ###-|####"), postcode="%####"),
    "US": Country(name="United States", locale="en_US",
                  phones=("(212) 5##-|####", "(415) 6##-|####", "(312) 7##-|####"),
                  cells=("(646) 3##-|####", "(310) 4##-|####"), postcode="%####", id_name="SSN",
                  id_value="%##-##-|####"),
}  # fmt: skip

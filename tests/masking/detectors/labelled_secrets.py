"""Made-up secrets of every kind, each with a sentence, a document or a command around it. Nothing here is anybody's.

Values are made at run time, from prefixes and random letters: none is written down in this file.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stdnum import luhn, verhoeff
from stdnum.de import idnr
from stdnum.es import dni
from stdnum.iso7064 import mod_11_2, mod_11_10, mod_97_10
from stdnum.it import codicefiscale
from stdnum.mx import curp

LETTERS = string.ascii_letters
BASE62 = LETTERS + string.digits
BASE64 = BASE62 + "+/"
URL64 = BASE62 + "-_"
HEX = "0123456789abcdef"
DIGITS = string.digits
CAPITALS = string.ascii_uppercase


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text, what in it is secret, and which detector has to know it."""

    detector: str
    kind: str
    text: str
    secret: str


type Draw = Callable[[random.Random], str]

AROUND = (
    "{}",
    "{}",
    "see {} for this",
    "Please use {}, thanks.",
    '{{"note": "{}", "n": 1}}',
    "<v>{}</v>",
    "a;{};b",
    "x=1, y={}",
    "[{}]",
    "first line\n{}\nlast line",
)


def draw(rng: random.Random, alphabet: str, length: int) -> str:
    """`length` characters of `alphabet`."""
    return "".join(rng.choices(alphabet, k=length))


def spread(value: str, groups: tuple[int, ...], joint: str) -> str:
    """`value` cut into groups."""
    pieces, start = [], 0
    for length in groups:
        pieces.append(value[start : start + length])
        start += length
    return joint.join(pieces)


def card(rng: random.Random) -> str:
    """A number of a card issuer, in one of the usual spellings."""
    prefix, length = rng.choice(
        [
            ("4", 16),
            ("51", 16),
            ("5555", 16),
            ("2221", 16),
            ("2720", 16),
            ("34", 15),
            ("37", 15),
            ("36", 14),
            ("3095", 14),
            ("6011", 16),
            ("65", 16),
            ("647", 16),
            ("62", 16),
            ("3530", 16),
            ("4", 19),
            ("2202", 16),
            ("6759", 16),
            ("81", 16),
        ]
    )
    body = prefix + draw(rng, DIGITS, length - len(prefix) - 1)
    digits = body + luhn.calc_check_digit(body)
    groups = {16: (4, 4, 4, 4), 15: (4, 6, 5), 14: (4, 6, 4), 19: (4, 4, 4, 4, 3)}[length]
    return rng.choice([digits, digits, spread(digits, groups, " "), spread(digits, groups, "-")])


IBAN_SHAPES = {
    "DE": "n18", "FR": "n10c11n2", "GB": "a4n14", "NL": "a4n10", "ES": "n20", "IT": "a1n10c12", "CH": "n5c12", "AT": "n16",
    "BE": "n12", "PL": "n24", "SE": "n20", "NO": "n11", "DK": "n14", "FI": "n14", "PT": "n21", "IE": "a4n14", "MT": "a4n5c18",
    "SA": "n2c18", "AE": "n19", "TR": "n6c16", "BR": "n23a1c1", "LU": "n3c13", "CZ": "n20", "HU": "n24", "GR": "n7c16",
}  # fmt: skip


def iban(rng: random.Random) -> str:
    """An account number with the check digits of its country, in one of the usual spellings."""
    country, shape = rng.choice(list(IBAN_SHAPES.items()))
    account, kinds = "", {"n": DIGITS, "a": CAPITALS, "c": CAPITALS + DIGITS}
    while shape:
        kind, rest = shape[0], shape[1:].lstrip(DIGITS)
        account += draw(rng, kinds[kind], int(shape[1 : len(shape) - len(rest)]))
        shape = rest
    value = country + mod_97_10.calc_check_digits(account + country) + account
    spelling = rng.randrange(4)
    if spelling == 1:
        return value.lower()
    return spread(value, (4,) * 9, " ").strip() if spelling > 1 else value


def day(rng: random.Random, form: str, first: int = 1930, last: int = 2005) -> str:
    """A date of birth: `form` has Y, y, m and d."""
    year, month, day_ = rng.randint(first, last), rng.randint(1, 12), rng.randint(1, 28)
    parts = {"Y": f"{year}", "y": f"{year % 100:02}", "m": f"{month:02}", "d": f"{day_:02}"}
    return "".join(parts[part] for part in form)


def us_ssn(rng: random.Random) -> str:
    """United States."""
    area = rng.choice([*range(1, 666), *range(667, 900)])
    return f"{area:03}-{rng.randint(1, 99):02}-{rng.randint(1, 9999):04}"


def gb_nino(rng: random.Random) -> str:
    """United Kingdom."""
    value = rng.choice("ABCEHJLMPRSTWXY") + rng.choice("ABCEHJKLMPRSTWXYZ") + draw(rng, DIGITS, 6) + rng.choice("ABCD")
    return rng.choice([value, spread(value, (2, 2, 2, 2, 1), " ")])


def fr_nir(rng: random.Random) -> str:
    """France."""
    body = rng.choice("12") + day(rng, "ym") + f"{rng.randint(1, 95):02}" + draw(rng, DIGITS, 6)
    value = body + f"{97 - int(body) % 97:02}"
    return rng.choice([value, spread(value, (1, 2, 2, 2, 3, 3, 2), " ")])


def es_dni(rng: random.Random) -> str:
    """Spain."""
    digits = draw(rng, DIGITS, 8)
    return digits + rng.choice(["", "-"]) + dni.calc_check_digit(digits)


def es_nie(rng: random.Random) -> str:
    """Spain, foreigners."""
    first, digits = rng.choice("XYZ"), draw(rng, DIGITS, 7)
    return first + digits + dni.calc_check_digit(str("XYZ".index(first)) + digits)


def it_codice_fiscale(rng: random.Random) -> str:
    """Italy."""
    body = draw(rng, "BCDFGLMNPRSTVZ", 6) + f"{rng.randint(30, 99)}" + rng.choice("ABCDEHLMPRST")
    body += f"{rng.randint(1, 28):02}" + rng.choice("ABCDEFGHIL") + draw(rng, DIGITS, 3)
    return body + codicefiscale.calc_check_digit(body)


def br_cpf(rng: random.Random) -> str:
    """Brazil."""
    digits = [rng.randrange(10) for _ in range(9)]
    for _ in range(2):
        total = sum(weight * digit for weight, digit in zip(range(len(digits) + 1, 1, -1), digits, strict=True))
        digits.append(0 if total % 11 < 2 else 11 - total % 11)
    value = "".join(map(str, digits))
    return f"{value[:3]}.{value[3:6]}.{value[6:9]}-{value[9:]}"


def se_personnummer(rng: random.Random) -> str:
    """Sweden."""
    body = day(rng, "ymd", 1940, 1999) + draw(rng, DIGITS, 3)
    return body[:6] + "-" + body[6:] + luhn.calc_check_digit(body)


def fi_hetu(rng: random.Random) -> str:
    """Finland."""
    date, individual = day(rng, "dmy", 1930, 1999), f"{rng.randint(2, 899):03}"
    return f"{date}-{individual}{'0123456789ABCDEFHJKLMNPRSTUVWXY'[int(date + individual) % 31]}"


def no_fodselsnummer(rng: random.Random) -> str:
    """Norway."""
    while True:
        digits = [int(digit) for digit in day(rng, "dmy", 1954, 1990) + f"{rng.randint(0, 499):03}"]
        for weights in ((3, 7, 6, 1, 8, 9, 4, 5, 2), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)):
            digits.append((11 - sum(w * d for w, d in zip(weights, digits, strict=True)) % 11) % 11)
        if max(digits) < 10:
            value = "".join(map(str, digits))
            return f"{value[:6]} {value[6:]}"


def in_aadhaar(rng: random.Random) -> str:
    """India."""
    while True:
        body = rng.choice("23456789") + draw(rng, DIGITS, 10)
        value = body + verhoeff.calc_check_digit(body)
        if value != value[::-1]:
            return spread(value, (4, 4, 4), " ")


def in_pan(rng: random.Random) -> str:
    """India, taxes."""
    digits = f"{rng.randint(1, 9999):04}"
    return draw(rng, CAPITALS, 3) + rng.choice("ABCFGHJLPT") + rng.choice(CAPITALS) + digits + rng.choice(CAPITALS)


def ch_ahv(rng: random.Random) -> str:
    """Switzerland."""
    body = "756" + draw(rng, DIGITS, 9)
    value = body + str(-sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body)) % 10)
    return rng.choice([value, spread(value, (3, 4, 4, 2), ".")])


def be_nn(rng: random.Random) -> str:
    """Belgium."""
    body = day(rng, "ymd", 1940, 1999) + f"{rng.randint(1, 997):03}"
    value = body + f"{97 - int(body) % 97:02}"
    return f"{value[:2]}.{value[2:4]}.{value[4:6]}-{value[6:9]}.{value[9:]}"


def de_idnr(rng: random.Random) -> str:
    """Germany."""
    while True:
        digits = rng.sample(DIGITS, 9)
        digits.insert(rng.randrange(1, 10), rng.choice(digits))
        body = "".join(digits)
        value = body + mod_11_10.calc_check_digit(body)
        if idnr.is_valid(value):
            return spread(value, (2, 3, 3, 3), " ")


def ca_sin(rng: random.Random) -> str:
    """Canada."""
    body = rng.choice("1234567") + draw(rng, DIGITS, 7)
    return spread(body + luhn.calc_check_digit(body), (3, 3, 3), "-")


def mx_curp(rng: random.Random) -> str:
    """Mexico."""
    body = (
        rng.choice("BCDGHLMR") + "EX" + rng.choice("BCDGHLMR") + day(rng, "ymd", 1940, 1999) + rng.choice("HM") + "DF"
    )
    body += draw(rng, "BCDFGHJKLMNPQR", 3) + "0"
    return body + curp.calc_check_digit(body + "0")


def cn_ric(rng: random.Random) -> str:
    """China."""
    body = "110101" + day(rng, "Ymd") + draw(rng, DIGITS, 3)
    return body + mod_11_2.calc_check_digit(body)


def cz_rc(rng: random.Random) -> str:
    """Czechia."""
    while True:
        body = day(rng, "ymd", 1955, 1999) + draw(rng, DIGITS, 3)
        if int(body) % 11 < 10:
            return f"{body[:6]}/{body[6:]}{int(body) % 11}"


def labelled_id(rng: random.Random) -> tuple[str, str]:
    """Bare digits behind what they are called."""
    label = rng.choice(
        [
            "SSN ",
            "ssn: ",
            "PESEL: ",
            "CPF ",
            "BSN ",
            "SIN: ",
            "Personal ID number: ",
            "Steuer-ID: ",
            "NHS number ",
            "TFN: ",
            "CPR: ",
            "passport no. ",
            "Aadhaar: ",
            "tax id: ",
            "OIB ",
            "EGN: ",
        ]
    )
    return label, draw(rng, DIGITS, rng.choice([9, 10, 11]))


NATIONAL_IDS: dict[str, Draw] = {
    draw_one.__name__: draw_one
    for draw_one in (
        us_ssn, gb_nino, fr_nir, es_dni, es_nie, it_codice_fiscale, br_cpf, se_personnummer, fi_hetu, no_fodselsnummer,
        in_aadhaar, in_pan, ch_ahv, be_nn, de_idnr, ca_sin, mx_curp, cn_ric, cz_rc,
    )
}  # fmt: skip

FIRST = (
    "anna ben carla david emma felix greta hugo ida jonas klara luis maria noah olga paul rosa sven tina uwe".split()
)
LAST = "schmidt jones garcia rossi dubois nowak jansen silva kim tanaka novak berg murphy patel cohen".split()
DOMAINS = "example.com example.org mail.example.net corp.example.co.uk example.de sub.dept.example.edu xn--mller-kva.example".split()


def email(rng: random.Random) -> str:
    """A person's address."""
    first, last = rng.choice(FIRST), rng.choice(LAST)
    local = rng.choice(
        [f"{first}.{last}", f"{first}{rng.randint(1, 99)}", f"{first[0]}{last}", f"{first}+news", f"{first}_{last}"]
    )
    return f"{rng.choice([local, local, local.title()])}@{rng.choice(DOMAINS)}"


def phone(rng: random.Random) -> str:
    """An international number."""
    tail = draw(rng, DIGITS, 4)
    return rng.choice(
        [
            f"+49 30 2{draw(rng, DIGITS, 3)}{tail}",
            f"+4930{rng.randint(2, 9)}{draw(rng, DIGITS, 2)}{tail}",
            f"+1 (212) 555-{tail}",
            f"+1-415-555-{tail}",
            f"+1415555{tail}",
            f"+44 20 7946 {tail}",
            f"+33 1 42 68 {tail[:2]} {tail[2:]}",
            f"+919876{tail}12",
            f"+41 44 668 {tail[:2]} {tail[2:]}",
            f"+34 91 123 {tail}",
            f"+46 8 123 {tail[:3]} 00",
            f"+61 2 9374 {tail}",
        ]
    )


def b64(value: object) -> str:
    """A JSON value, or bytes, in base64url without padding."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(rng: random.Random) -> str:
    """A signed or an encrypted token."""
    header = rng.choice(
        [{"alg": "RS256", "typ": "JWT", "kid": draw(rng, HEX, 8)}, {"alg": "HS256"}, {"typ": "JWT", "alg": "ES256"}]
    )
    if rng.random() < 0.25:
        parts = [b64({"alg": "RSA-OAEP", "enc": "A256GCM"}), *(b64(rng.randbytes(size)) for size in (64, 12, 40, 16))]
        return ".".join(parts)
    return ".".join(
        [b64(header), b64({"sub": draw(rng, DIGITS, 6), "exp": rng.randint(10**9, 2 * 10**9)}), b64(rng.randbytes(64))]
    )


def _form(*parts: str | tuple[str, int]) -> Draw:
    """Fixed parts, and drawn ones of an alphabet and a length."""
    return lambda rng: "".join(part if isinstance(part, str) else draw(rng, *part) for part in parts)


CLOUD_KEYS: dict[str, Draw] = {
    "aws id": _form("AK", "IA", (CAPITALS + "234567", 16)),
    "aws session id": _form("AS", "IA", (CAPITALS + "234567", 16)),
    "google": _form("AI", "za", (URL64, 35)),
    "google oauth": _form("ya", "29.", (URL64, 60)),
    "google client": _form("GOC", "SPX-", (URL64, 28)),
    "azure client": _form((BASE62, 3), "8", "Q~", (BASE62 + "_.-", 34)),
    "azure account": _form("Account", "Key=", (BASE64, 86), "=="),
    "github": _form("gh", "p_", (BASE62, 36)),
    "github server": _form("gh", "s_", (BASE62, 36)),
    "github fine": _form("github", "_pat_", (BASE62, 22), "_", (BASE62, 59)),
    "gitlab": _form("gl", "pat-", (URL64, 20)),
    "slack": _form("xo", "xb-", (DIGITS, 12), "-", (DIGITS, 12), "-", (BASE62, 24)),
    "slack hook": _form("hooks.", "slack.com/services/T", (BASE62, 8), "/B", (BASE62, 8), "/", (BASE62, 24)),
    "stripe": _form("sk", "_live_", (BASE62, 24)),
    "stripe restricted": _form("rk", "_test_", (BASE62, 24)),
    "stripe hook": _form("wh", "sec_", (BASE62, 32)),
    "twilio": _form("S", "K", (HEX, 32)),
    "sendgrid": _form("S", "G.", (URL64, 22), ".", (URL64, 43)),
    "npm": _form("np", "m_", (BASE62, 36)),
    "pypi": _form("py", "pi-AgEIcHlwaS5vcmc", (URL64, 80)),
    "openai": _form("s", "k-proj-", (URL64, 74), "T3Blbk", "FJ", (URL64, 74)),
    "anthropic": _form("sk", "-ant-api03-", (URL64, 93), "AA"),
    "hugging face": _form("h", "f_", (LETTERS, 34)),
    "digitalocean": _form("do", "p_v1_", (HEX, 64)),
    "databricks": _form("da", "pi", (HEX, 32)),
    "shopify": _form("shp", "at_", (HEX, 32)),
    "square": _form("sq0", "atp-", (URL64, 22)),
    "mailgun": _form("ke", "y-", (HEX, 32)),
    "telegram": _form((DIGITS, 10), ":A", "A", (URL64, 33)),
    "discord": _form("M", (BASE62, 23), ".", (URL64, 6), ".", (URL64, 38)),
    "vault": _form("hv", "s.", (BASE62, 24)),
    "doppler": _form("dp.", "pt.", (BASE62, 43)),
    "terraform": _form((BASE62, 14), ".atlas", "v1.", (BASE62, 67)),
    "atlassian": _form("ATA", "TT3", (URL64, 180), "=", (HEX, 8)),
    "linear": _form("lin", "_api_", (BASE62, 40)),
    "postman": _form("PM", "AK-", (HEX, 24), "-", (HEX, 34)),
    "new relic": _form("NR", "AK-", (CAPITALS + DIGITS, 27)),
    "grafana": _form("gl", "sa_", (BASE62, 32), "_", (HEX, 8)),
    "docker": _form("dck", "r_pat_", (URL64, 27)),
    "mailchimp": _form((HEX, 32), "-u", "s12"),
    "airtable": _form("pa", "t", (BASE62, 14), ".", (HEX, 64)),
    "planetscale": _form("pscale", "_tkn_", (URL64, 43)),
    "tailscale": _form("ts", "key-auth-", (BASE62, 12), "-", (BASE62, 32)),
    "notion": _form("nt", "n_", (BASE62, 46)),
    "sentry": _form("sn", "trys_", (BASE64, 60)),
    "circleci": _form("CCI", "PAT_", (BASE62, 22), "_", (HEX, 40)),
}


def private_key(rng: random.Random) -> str:
    """A block, whole or cut short, or an identity of age."""
    kind = rng.choice(["RSA ", "EC ", "", "OPENSSH ", "ENCRYPTED ", "DSA "])
    lines = "\n".join(draw(rng, BASE64, 64) for _ in range(rng.randint(2, 12)))
    begin, end = f"-----BEGIN {kind}PRIVATE " + "KEY-----", f"-----END {kind}PRIVATE " + "KEY-----"
    match rng.randrange(6):
        case 0:
            return f"{begin}\n{lines}"
        case 1:
            return f"{begin}\n{lines}\n{end}".replace("\n", "\\n")
        case 2:
            return "AGE-SECRET-" + "KEY-1" + draw(rng, CAPITALS + DIGITS, 58)
        case 3:
            return f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{lines}\n=abcd\n-----END PGP PRIVATE KEY " + "BLOCK-----"
    return f"{begin}\n{lines}\n{end}"


def password(rng: random.Random) -> str:
    """As people and programs make them."""
    word = rng.choice(["summer", "dragon", "Welcome", "hunter", "letmein", "Qwerty"])
    return rng.choice(
        [
            f"{word}{rng.randint(1, 9999)}",
            f"{word}!{rng.randint(1, 99)}",
            draw(rng, BASE62, 12),
            draw(rng, BASE62 + "!#$%*", 16),
        ]
    )


def url_credential(rng: random.Random) -> tuple[str, str, str]:
    """A URL around user and password."""
    scheme = rng.choice(["https", "postgres", "mysql", "redis", "amqp", "mongodb+srv", "ftp", "ldap"])
    user = f"{rng.choice(['admin', 'root', 'app', 'svc-billing', ''])}:{draw(rng, BASE62 + '!$*', 12)}"
    return (
        f"{scheme}://",
        user,
        f"@{rng.choice(['db.internal', 'example.com', '10.0.0.5', 'localhost'])}:{rng.randint(1000, 9999)}/x",
    )


ASSIGNMENTS = (
    "password={}", "DB_PASSWORD={}", "spring.datasource.password={}", 'client_secret: "{}"', '{{"password": "{}"}}',
    "{{'apiKey': '{}', 'n': 1}}", "Server=db;User Id=sa;Password={};Encrypt=true", "user=a&password={}&go=1",
    "Authorization: Bearer {}", "authorization=Basic {}", "curl -u admin:{} https://example.com", "tool --password {} --now",
    "tool --api-key={}", "<password>{}</password>", "password => '{}'", "X-Api-Key: {}", "the password is {}",
    "Das Passwort lautet {}", "secret_key = '{}'", "export TOKEN={}", "user[password]={}", "Cookie: session={}", "accessToken: {}",
)  # fmt: skip


RANDOM_TOKENS: tuple[Draw, ...] = (
    lambda rng: draw(rng, BASE62, rng.randint(24, 48)),
    lambda rng: draw(rng, URL64, rng.choice([22, 32, 43, 64, 86])).strip("-_"),
    lambda rng: base64.b64encode(rng.randbytes(rng.choice([18, 24, 32, 48, 64]))).decode(),
    lambda rng: draw(rng, HEX, rng.choice([36, 48, 72, 80])),
    lambda rng: draw(rng, string.ascii_lowercase + DIGITS, rng.randint(28, 50)),
)


def random_token(rng: random.Random) -> str:
    """Drawn by a machine, in no form that anybody knows."""
    return rng.choice(RANDOM_TOKENS)(rng)


def positives(seed: int) -> Iterator[Labelled]:
    """About a thousand texts with one secret each, always the same ones for a seed."""
    rng = random.Random(seed)

    def around(detector: str, kind: str, secret: str) -> Labelled:
        return Labelled(detector, kind, rng.choice(AROUND).format(secret), secret)

    for _ in range(80):
        yield around("payment-card", "card", card(rng))
        yield around("iban", "iban", iban(rng))
        yield around("email", "email", email(rng))
        yield around("phone", "phone", phone(rng))
        yield around("jwt", "jwt", jwt(rng))
        yield around("private-key", "private-key", private_key(rng))
        yield around("high-entropy", "random", random_token(rng))
        before, secret, after = url_credential(rng)
        yield Labelled("url-credential", "url", before + secret + after, secret)
        secret = password(rng)
        form = rng.choice(ASSIGNMENTS)
        yield Labelled("assigned-secret", form, form.format(secret), secret)
    for _ in range(4):
        for kind, draw_one in NATIONAL_IDS.items():
            yield around("national-id", kind, draw_one(rng))
        for _ in range(6):
            label, secret = labelled_id(rng)
            yield Labelled("national-id", "label", label + secret, secret)
    for _ in range(3):
        for kind, draw_one in CLOUD_KEYS.items():
            yield around("cloud-key", kind, draw_one(rng))

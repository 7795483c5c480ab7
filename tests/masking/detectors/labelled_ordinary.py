"""Values without any secret, of the kinds that messages and schemas are full of and that resemble secrets the most."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import string
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tests.masking.detectors.labelled_secrets import AROUND, BASE62, CAPITALS, DIGITS, HEX, draw

WORDS = (
    "account address amount article balance batch billing building cargo carrier catalog channel city client company contract "
    "country currency customer delivery department device discount document employee event factory feature gateway history "
    "image invoice item journal language ledger level location market measure member message method module network notice "
    "number object order origin package partner payment period person policy position price process product profile project "
    "quantity queue reason record region report request resource result route schedule schema segment sensor service session "
    "shipment signal source status storage store subject supplier system table target task tenant ticket timestamp token "
    "total tracking transfer type unit update user value vehicle vendor version warehouse weight window worker zone"
).split()
ENGLISH = (
    "The order was shipped on time and the customer was happy with it.",
    "Please check the delivery address before you confirm the purchase.",
    "Returns are accepted within 30 days of the date of delivery.",
    "This field holds the name of the city, as the post office writes it.",
    "A password is required; it must have at least 12 characters.",
    "Unexpected token in the body of the request at line 14, column 3.",
    "The secret of a good schema is a short list of required members.",
    "We sold 1,250 units in 2023 and 1,410 units in 2024.",
    "Note: values above 1000 are rounded to the next multiple of 10.",
    "Bearer authentication is used for all calls of this service.",
    "See RFC 8259, section 7, and ISO 8601:2019 for the details.",
    "Basic authentication is not supported any more.",
    "The token is invalid or expired.",
    "Room 4711 on floor 12 is free from 9:30 to 11:00.",
    "password: the word that the user has chosen",
    "Set the password, then log in with it.",
)
GERMAN = (
    "Die Bestellung wurde am 12.03.2024 an den Kunden ausgeliefert.",
    "Bitte prüfen Sie die Lieferadresse, bevor Sie den Kauf bestätigen.",
    "Das Passwort muss mindestens 12 Zeichen lang sein.",
    "Der Preis beträgt 1.249,00 € inklusive 19 % Mehrwertsteuer.",
    "Rechnungsempfängerinnen und Rechnungsempfänger erhalten eine Kopie.",
    "Die Straße ist wegen Bauarbeiten bis Ende September gesperrt.",
    "Artikelbezeichnung in der Sprache des Empfängers, höchstens 80 Zeichen.",
    "Geschwindigkeitsbegrenzung auf 30 km/h zwischen 22:00 und 6:00 Uhr.",
    "Größe und Gewicht sind Pflichtangaben für Sendungen über 5 kg.",
    "Der Schlüssel der Tabelle besteht aus Mandant und Belegnummer.",
)
PATTERNS = (
    "^[A-Z]{2}[0-9]{6}$", "^[^@]+@[^@]+\\.[^@]+$", "^\\+?[1-9]\\d{1,14}$", "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==)?$",
    "^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", "^\\d{3}-\\d{2}-\\d{4}$", "^#[0-9A-Fa-f]{6}$",
    "^[ABCEGHJKLMNPRSTVXY]\\d[ABCEGHJ-NPRSTV-Z] ?\\d[ABCEGHJ-NPRSTV-Z]\\d$", "^https?://[^\\s/$.?#].[^\\s]*$", "^v?\\d+\\.\\d+\\.\\d+$",
    "^(?!.*\\.\\.)[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}$", "^4[0-9]{12}(?:[0-9]{3})?$", "[A-Z]{2}\\d{2}[A-Z0-9]{11,30}",
    "^(password|token)=.*$", "^\\p{L}[\\p{L}\\p{N} .'-]{0,63}$", "^urn:[a-z0-9][a-z0-9-]{0,31}:.+$",
)  # fmt: skip
SCHEMA_WORDS = (
    "https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft-07/schema#", "#/$defs/postalAddress",
    "#/definitions/PaymentInstructionV2", "additionalProperties", "unevaluatedProperties", "dependentRequired", "date-time",
    "https://example.com/schemas/customer/v1.json", "urn:example:schemas:order:3", "../common/address.schema.json#/properties/zip",
    "io.confluent.connect.avro.ConnectDefault", "com.example.events.CustomerAddressChangedEventV3", "password", "writeOnly",
)  # fmt: skip


def camel(rng: random.Random, count: int) -> str:
    """A name in camelCase."""
    first, *rest = rng.choices(WORDS, k=count)
    return first + "".join(word.title() for word in rest)


def moment(rng: random.Random) -> datetime:
    """Between 1990 and 2040."""
    return datetime(1990, 1, 1, tzinfo=UTC) + timedelta(
        seconds=rng.randrange(50 * 365 * 86400), microseconds=rng.randrange(10**6)
    )


def identifier(rng: random.Random) -> str:
    """Of a version of RFC 9562, from 1 to 7."""
    number = rng.getrandbits(128) & ~(0xF000 << 64) & ~(0xC000 << 48) | rng.randint(1, 7) << 76 | 0x8000 << 48
    text = str(uuid.UUID(int=number))
    return rng.choice([text, text, text.upper(), text.replace("-", ""), f"{{{text}}}", f"urn:uuid:{text}"])


def digest(rng: random.Random) -> str:
    """In the spellings of tools."""
    data = rng.randbytes(8)
    return rng.choice(
        [
            hashlib.md5(data).hexdigest(),
            hashlib.sha1(data).hexdigest(),
            hashlib.sha224(data).hexdigest(),
            hashlib.sha256(data).hexdigest(),
            hashlib.sha384(data).hexdigest(),
            hashlib.sha512(data).hexdigest(),
            "sha256:" + hashlib.sha256(data).hexdigest(),
            "hmac-sha256:" + hashlib.sha256(data).hexdigest()[:32],
            hashlib.sha256(data).hexdigest().upper(),
            "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode(),
            "sha256-" + base64.b64encode(hashlib.sha256(data).digest()).decode(),
        ]
    )


def git_id(rng: random.Random) -> str:
    """Whole, short, or in what git describes."""
    full = draw(rng, HEX, 40)
    return rng.choice(
        [
            full,
            full[:7],
            full[:12],
            f"v1.{rng.randint(0, 20)}.0-{rng.randint(1, 99)}-g{full[:8]}",
            f"{full[:7]}..{full[7:14]}",
        ]
    )


def iso_time(rng: random.Random) -> str:
    """ISO 8601, RFC 3339, and the date of HTTP."""
    at = moment(rng)
    return rng.choice(
        [
            at.isoformat(),
            at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            at.isoformat().replace("+00:00", "+0200"),
            at.strftime("%Y%m%dT%H%M%SZ"),
            at.strftime("%a, %d %b %Y %H:%M:%S GMT"),
            at.strftime("%Y-%m-%d %H:%M:%S,%f"),
            at.strftime("%Y%m%d%H%M%S"),
            at.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            at.strftime("%Y-%m-%d_%H-%M-%S"),
        ]
    )


def epoch(rng: random.Random) -> str:
    """Seconds, milliseconds, microseconds and nanoseconds."""
    seconds = rng.randint(10**9, 2 * 10**9)
    return rng.choice([f"{seconds}", f"{seconds}{draw(rng, DIGITS, 3)}", f"{seconds}{draw(rng, DIGITS, 6)}", f"{seconds}{draw(rng, DIGITS, 9)}", f"{seconds}.{draw(rng, DIGITS, 6)}"])  # fmt: skip


def order_number(rng: random.Random) -> str:
    """As shops and plants count."""
    year = rng.randint(2015, 2030)
    return rng.choice(
        [
            f"{rng.randint(10**5, 10**10)}",
            f"ORD-{year}-{rng.randint(1, 10**6):06}",
            f"#{rng.randint(1000, 99999)}",
            f"SO{rng.randint(10**6, 10**8)}",
            f"{rng.randint(100, 999)}-{rng.randint(10**6, 10**7 - 1)}-{rng.randint(10**6, 10**7 - 1)}",
            f"4500{rng.randint(10**5, 10**6 - 1)}",
            f"PO {rng.randint(10**4, 10**6)}/{year}",
            f"{year}{rng.randint(1, 12):02}{rng.randint(1, 28):02}-{rng.randint(1, 9999):04}",
            f"W{draw(rng, CAPITALS + DIGITS, 9)}",
            f"{draw(rng, DIGITS, 12)}",
        ]
    )


def invoice_number(rng: random.Random) -> str:
    """As bookkeepers count."""
    year = rng.randint(2015, 2030)
    return rng.choice(
        [
            f"INV-{year}-{rng.randint(1, 99999):05}",
            f"RE{year}{rng.randint(1, 10**5):06}",
            f"{year}/{rng.randint(1, 9999)}",
            f"R-{rng.randint(10**4, 10**6)}-{rng.randint(1, 99):02}",
            f"FV/{rng.randint(1, 999)}/{rng.randint(1, 12):02}/{year}",
            f"Invoice no. {rng.randint(10**6, 10**8)}",
            f"GS-{draw(rng, DIGITS, 8)}",
        ]
    )


def version(rng: random.Random) -> str:
    """Semantic and other versions, with builds."""
    core = f"{rng.randint(0, 30)}.{rng.randint(0, 40)}.{rng.randint(0, 99)}"
    return rng.choice(
        [
            core,
            f"v{core}",
            f"{core}-beta.{rng.randint(1, 20)}",
            f"{core}+{draw(rng, DIGITS, 14)}",
            f"{core}-rc.1+exp.sha.{draw(rng, HEX, 7)}",
            f"^{core}",
            f">={core},<{rng.randint(31, 40)}",
            f"{core}.RELEASE",
            f"{core}-{draw(rng, DIGITS, 8)}.{draw(rng, DIGITS, 6)}-1",
            f"1:{core}-0ubuntu{rng.randint(1, 9)}.{rng.randint(1, 22)}.04.{rng.randint(1, 9)}",
            f"{core}.{rng.randint(1000, 99999)}",
        ]
    )


def article(rng: random.Random) -> str:
    """Stock keeping units and bar codes."""
    size = rng.choice(["S", "M", "XL", "42"])
    return rng.choice(
        [
            f"TSHIRT-BLK-{size}-{draw(rng, DIGITS, 4)}",
            f"{draw(rng, CAPITALS, 3)}-{draw(rng, DIGITS, 5)}-{size}",
            draw(rng, DIGITS, 13),
            f"B0{draw(rng, CAPITALS + DIGITS, 8)}",
            f"iPhone15ProMax-256GB-{rng.choice(['Natural', 'Blue'])}Titanium",
            draw(rng, DIGITS, 8),
            f"978-3-{draw(rng, DIGITS, 5)}-{draw(rng, DIGITS, 3)}-{rng.randint(0, 9)}",
            f"{draw(rng, CAPITALS, 2)}{draw(rng, DIGITS, 6)}",
        ]
    )


def amount(rng: random.Random) -> str:
    """Prices and other numbers."""
    return rng.choice(
        [
            f"{rng.uniform(0, 10**6):.2f}",
            f"{rng.randint(1, 999)},{rng.randint(0, 999):03}.00 USD",
            f"€ {rng.randint(1, 9999)},{rng.randint(0, 99):02}",
            f"{rng.uniform(-1, 1)!r}",
            f"{rng.randint(1, 10**7)} JPY",
            f"{rng.random():.3e}",
            f"{rng.randint(1, 99)} 000 000 kg",
            f"+{rng.uniform(0, 99):.4f} %",
        ]
    )


def coordinates(rng: random.Random) -> str:
    """On earth."""
    lat, lon = rng.uniform(-90, 90), rng.uniform(-180, 180)
    return rng.choice(
        [
            f"{lat:.6f},{lon:.6f}",
            f"{lat:+.7f}{lon:+.7f}/",
            f"POINT({lon:.5f} {lat:.5f})",
            f"geo:{lat:.4f},{lon:.4f};u=35",
            f"{abs(int(lat))}°{rng.randint(0, 59)}'{rng.randint(0, 59)}\"N",
            f"33U {rng.randint(10**5, 10**6)} {rng.randint(10**6, 10**7)}",
        ]
    )


def network(rng: random.Random) -> str:
    """Addresses of machines."""
    four = ".".join(str(rng.randint(0, 255)) for _ in range(4))
    return rng.choice(
        [
            four,
            f"{four}:{rng.randint(1, 65535)}",
            f"{four}/24",
            ":".join(draw(rng, HEX, 4) for _ in range(8)),
            f"fe80::{draw(rng, HEX, 4)}:1",
            ":".join(draw(rng, HEX, 2) for _ in range(6)),
            "-".join(draw(rng, HEX.upper(), 2) for _ in range(6)),
            f"ip-{four.replace('.', '-')}.ec2.internal",
        ]
    )


def url(rng: random.Random) -> str:
    """Without credentials."""
    path = "/".join(rng.choices(WORDS, k=3))
    return rng.choice(
        [
            f"https://example.com/{path}",
            f"http://localhost:8080/{path}?page={rng.randint(1, 99)}&sort=name",
            f"https://unpkg.com/{rng.choice(WORDS)}@4.17.21/dist",
            f"https://api.example.com/v2/{path}/{rng.randint(1, 10**6)}",
            f"https://example.com/{identifier(rng)}",
            f"git@github.com:acme/{rng.choice(WORDS)}.git",
            f"https://medium.com/@{rng.choice(WORDS)}/{'-'.join(rng.choices(WORDS, k=5))}",
            f"s3://bucket-{rng.choice(WORDS)}/{path}.json",
            f"postgresql://db.internal:5432/{rng.choice(WORDS)}",
            f"https://${{USER}}:${{PASSWORD}}@example.com/{path}",
            f"/{path}/%7Bid%7D?q=a%20b",
        ]
    )


def name(rng: random.Random) -> str:
    """Of classes, members, topics, packages."""
    words = rng.choices(WORDS, k=4)
    return rng.choice(
        [
            camel(rng, 3),
            camel(rng, 5),
            "_".join(words),
            "-".join(words),
            "_".join(words).upper(),
            f"com.example.{words[0]}.{camel(rng, 3).title()}",
            f"Abstract{camel(rng, 4).title()}FactoryBean",
            f"@example/{words[0]}-{words[1]}",
            f"{words[0]}.{words[1]}-value",
            f"$.{words[0]}[*].{words[1]}",
            f"get{camel(rng, 3).title()}ByIdV{rng.randint(1, 9)}",
            f"i18n_{words[0]}_{words[1]}_{rng.randint(1, 999)}",
            f"{words[0]}TokenCount",
        ]
    )


def path(rng: random.Random) -> str:
    """Of files."""
    words = rng.choices(WORDS, k=4)
    return rng.choice(
        [
            f"/usr/local/lib/python3.13/site-packages/{words[0]}/{words[1]}_{words[2]}.py",
            f"C:\\Program Files\\{words[0].title()}\\{words[1]}.exe",
            f"src/main/java/com/example/{camel(rng, 3).title()}.java",
            f"static/js/main.{draw(rng, HEX, 8)}.chunk.js",
            f"../{words[0]}/{words[1]}@2x.png",
            f"/var/log/{words[0]}/{words[1]}-{rng.randint(2015, 2030)}-{rng.randint(1, 12):02}.log.gz",
            f"~/{words[0]}.tar.gz",
        ]
    )


def cloud_name(rng: random.Random) -> str:
    """Of pods, images, resources."""
    words, consonants = rng.choices(WORDS, k=3), "bcdfghjklmnpqrstvwxz2456789"
    return rng.choice(
        [
            f"{words[0]}-service-{draw(rng, consonants, 10)}-{draw(rng, consonants, 5)}",
            f"{words[0]}-{rng.randint(0, 9)}",
            f"i-0{draw(rng, HEX, 16)}",
            f"registry.example.com/{words[0]}/{words[1]}:1.{rng.randint(0, 30)}@sha256:{draw(rng, HEX, 64)}",
            "python:3.13-slim-bookworm",
            f"arn:aws:iam::{draw(rng, DIGITS, 12)}:role/{camel(rng, 2).title()}",
            f"projects/{words[0]}-{rng.randint(1, 99999)}/topics/{words[1]}",
            f"/subscriptions/{uuid.UUID(int=rng.getrandbits(128))}/resourceGroups/rg-{words[0]}/providers/Microsoft.Storage",
            f"vpc-{draw(rng, HEX, 17)}",
        ]
    )


def trace(rng: random.Random) -> str:
    """Ids of traces and requests."""
    trace_id = draw(rng, HEX, 32)
    return rng.choice(
        [
            f"00-{trace_id}-{draw(rng, HEX, 16)}-01",
            f"{trace_id}-{draw(rng, HEX, 16)}-1",
            f"Root=1-{draw(rng, HEX, 8)}-{draw(rng, HEX, 24)}",
            draw(rng, HEX, 24),
            f"req-{uuid.UUID(int=rng.getrandbits(128))}",
            f"rojo={draw(rng, HEX, 16)},congo={draw(rng, HEX, 16)}",
            f"8{draw(rng, HEX, 15)}-FRA",
            rng.choice("01234567") + draw(rng, "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 25),
            draw(rng, DIGITS, 19).replace("4", "1", 1).lstrip("0"),
        ]
    )


def entity_tag(rng: random.Random) -> str:
    """As servers make them."""
    return rng.choice(
        [
            f'"{draw(rng, HEX, 32)}"',
            f'W/"{draw(rng, HEX, 8)}-{draw(rng, HEX, 4)}"',
            f'"{draw(rng, HEX, 32)}-{rng.randint(1, 99)}"',
            f'"{draw(rng, HEX, 13)}"',
            f'W/"{draw(rng, HEX, 3)}-{base64.b64encode(rng.randbytes(20)).decode()[:27]}"',
            f'W/"{draw(rng, HEX, 64)}"',
            f'"{rng.randint(1, 999)}"',
        ]
    )


def mime(rng: random.Random) -> str:
    """Content types and boundaries."""
    return rng.choice(
        [
            f"multipart/form-data; boundary=----WebKitFormBoundary{draw(rng, BASE62, 16)}",
            f"----WebKitFormBoundary{draw(rng, BASE62, 16)}",
            f"multipart/mixed; boundary={draw(rng, HEX, 32)}",
            f"------------------------{draw(rng, HEX, 16)}",
            f"----=_Part_{rng.randint(0, 99)}_{draw(rng, DIGITS, 9)}.{draw(rng, DIGITS, 13)}",
            f"--------------------------{draw(rng, DIGITS, 24)}",
            f"==============={draw(rng, DIGITS, 19)}==",
            'application/vnd.schemaregistry.v1+json; charset="utf-8"',
        ]
    )


def picture(rng: random.Random) -> str:
    """Small ones in base64, and text in it that says nothing."""
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + rng.randbytes(80)
    gif = b"GIF89a" + rng.randbytes(40)
    return rng.choice(
        [
            f"data:image/png;base64,{base64.b64encode(png).decode()}",
            base64.b64encode(png).decode(),
            base64.b64encode(gif).decode(),
            base64.b64encode(json.dumps({"page": rng.randint(1, 99), "limit": 50}).encode()).decode(),
            base64.b64encode(" ".join(rng.choices(WORDS, k=6)).encode()).decode(),
            " ".join(rng.choices(WORDS, k=4)).encode().hex(),
        ]
    )


def small(rng: random.Random) -> str:
    """Colours, locales, flags, units, days."""
    return rng.choice(
        [
            f"#{draw(rng, HEX, 6)}",
            "de-DE",
            "zh-Hant-TW",
            "Europe/Berlin",
            "true",
            "null",
            "EUR",
            "kg/m²",
            "P3DT12H",
            f"0x{draw(rng, HEX, 8)}",
            "N/A",
            "100 %",
            rng.choice(WORDS).title(),
            f"{rng.choice(WORDS)} {rng.randint(1, 99)}",
            "ß",
            "東京都港区",
            "Привет",
            "🎉 done",
            "O'Brien",
            "Łódź",
            "A & B <C>",
            "1/2",
        ]
    )


def assignment(rng: random.Random) -> str:
    """Names and values that are none of them secret, and secret names without a value."""
    word, other = rng.sample(WORDS, 2)
    return rng.choice(
        [
            f"{word}={rng.randint(1, 999)}",
            f"max_tokens: {rng.randint(1, 9999)}",
            f'{{"{word}": "{other}"}}',
            "password=${DB_PASSWORD}",
            "password: [masked]",
            '{"password": {"type": "string"}}',
            "token_type: bearer",
            "Authorization: [masked]",
            "secret: null",
            "password=<your password>",
            "tokenizer=bpe42",
            f"passwordMinLength={rng.randint(8, 20)}",
            "--password-file /run/x",
            f"sort={word}&order=asc",
            "keyword: C3PO",
            "token_endpoint=https://idp.example.com/t",
            f"{word}: {other} ({rng.randint(1, 9)})",
            f"key={word}",
            "Cookie: [masked]",
            "secretary: Jane 2",
            "passive: 4",
            "pinned: 12",
            f"public_key_id={rng.randint(1, 99)}",
        ]
    )


KINDS = (
    identifier, digest, git_id, iso_time, epoch, order_number, invoice_number, version, article, amount, coordinates, network,
    url, name, path, cloud_name, trace, entity_tag, mime, picture, small, assignment,
)  # fmt: skip
EACH = 120


def negatives(seed: int) -> Iterator[tuple[str, str]]:
    """Kind and text of about three thousand ordinary values, always the same ones for a seed."""
    rng = random.Random(seed)
    for kind in KINDS:
        for _ in range(EACH):
            value = kind(rng)
            yield kind.__name__, rng.choice(AROUND).format(value) if rng.random() < 0.4 else value
    for kind_name, texts in (("english", ENGLISH), ("german", GERMAN), ("pattern", PATTERNS), ("schema", SCHEMA_WORDS)):
        for _ in range(6):
            for text in texts:
                yield kind_name, rng.choice(AROUND).format(text) if rng.random() < 0.3 else text
    for _ in range(EACH):
        words = [rng.choice([*WORDS, *WORDS, str(rng.randint(1, 2030))]) for _ in range(rng.randint(3, 20))]
        yield "words", " ".join(words).capitalize() + rng.choice(string.punctuation[:1] + ".")

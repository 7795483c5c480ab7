"""The corpus: secrets of every kind, made anew from a seed, so that nothing that looks like one lies in the repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"
WORD = LETTERS + DIGITS

SEED = 20_260
#: Where a secret without any form is not planted, and why: nothing there could say that it is one.
LEFT_OUT: Mapping[str, str] = {
    "names of members, parameters, header fields, parts and files": "such a secret is told by its name, and is none itself",
    "methods, hosts, subjects and paths of plain reads": "no rule can name them; they are looked at as text",
    "descriptions, titles, comments, patterns; reasons and justifications": "words of people; they are looked at as text",
    "numbers under names that say nothing": "any number can be an order's",
}


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret. `core` is what must be nowhere: of a URL its password, of a key file what stands between its marks."""

    name: str
    text: str
    core: str = ""
    has_form: bool = True  #: it can be told by its look; else only by the name of what carries it

    def __post_init__(self) -> None:
        if not self.core:
            object.__setattr__(self, "core", self.text)

    @property
    def is_one_line(self) -> bool:
        """Whether it can stand where no control characters can."""
        return self.text.isprintable()

    @property
    def is_ascii_line(self) -> bool:
        """Whether it can stand in a header field."""
        return self.is_one_line and self.text.isascii()


def any_of(random: Random, characters: str, count: int) -> str:
    """So many of these characters."""
    return "".join(random.choices(characters, k=count))


def mixed(random: Random, count: int, characters: str = WORD) -> str:
    """So many letters and digits, with some of each: as a generator of keys makes them."""
    while True:
        text = any_of(random, characters, count)
        if all(any(each in kind for each in text) for kind in (DIGITS, LETTERS[:26], LETTERS[26:])):
            return text


@cache
def corpus(seed: int = SEED) -> tuple[Secret, ...]:
    """Every secret; equal seeds, equal secrets, but for the private keys, which are made anew in each process."""
    from tests.end_to_end import planted_keys, planted_numbers

    random = Random(seed)
    made = (*planted_numbers.secrets(random), *planted_keys.secrets(random), *_credentials(random), *_formless(random))
    names = [secret.name for secret in made]
    assert len(set(names)) == len(names)
    return made


def cores(secrets: tuple[Secret, ...]) -> Mapping[str, str]:
    """What a Scanner looks for."""
    return {secret.name: secret.core for secret in secrets}


def _credentials(random: Random) -> Iterator[Secret]:
    """Credentials inside of other text."""

    def password() -> str:
        return mixed(random, 14)

    for scheme, place in (
        ("https", "repo.shop.example/orders.git"),
        ("postgres", "db.shop.example:5432/orders"),
        ("mongodb+srv", "cluster0.shop.example/orders"),
        ("amqp", "queue.shop.example/orders"),
    ):
        word = password()
        yield Secret(f"url {scheme}", f"{scheme}://svc:{word}@{place}", word)
    for name, text in {
        "url redis": "redis://:{}@cache.shop.example:6379/0",
        "url percent": "https://svc:{}%21@repo.shop.example/",
        "connection string ADO": "Server=tcp:db.shop.example,1433;User ID=svc;Password={};Encrypt=True",
        "connection string JDBC": "jdbc:postgresql://db.shop.example/orders?user=svc&password={}",
        "assigned shell": "export DB_PASSWORD={}",
        "assigned JSON": '{{"client_secret": "{}", "id": 7}}',
        "assigned YAML": "api_key: {}",
        "assigned words": "the password is: {}",
        "bearer": "Authorization: Bearer {}",
    }.items():
        word = password()
        yield Secret(name, text.format(word), word)


def _formless(random: Random) -> Iterator[Secret]:
    """What nobody can tell by its look: names, words, numbers."""
    for number, text in enumerate(
        (
            f"horse battery {any_of(random, LETTERS[26:], 7)}",
            f"Sommer{any_of(random, DIGITS, 4)}!",
            f"p\u00e4ss w\u00f6rt/{any_of(random, DIGITS, 6)}+\u20ac",
            f"o'Brien\"quoted\\{any_of(random, DIGITS, 7)}",
            f"<b>{any_of(random, LETTERS[26:], 8)}</b>&amp;",
            f"\u79d8\u5bc6{any_of(random, DIGITS, 8)}\U0001f511",
        )
    ):
        yield Secret(f"password {number}", text, has_form=False)
    family = any_of(random, "aeiou", 1).join(any_of(random, "bdklmnrst", 2) for _ in range(4)).capitalize()
    yield Secret("name", f"Marta {family}", has_form=False)
    for name, core, more in (
        ("birth date", f"1987-03-{random.randint(10, 28)} in {family}", "burg"),
        ("address", f"{random.randint(100, 999)} {family}", " Street, Springfield"),
        ("diagnosis", f"diabetes, {family}", "'s variant"),
    ):
        yield Secret(name, core + more, core, has_form=False)
    yield Secret("licence plate", f"HH-{any_of(random, LETTERS[:26], 2)} {any_of(random, DIGITS, 4)}", has_form=False)
    yield Secret("account name", f"u{any_of(random, DIGITS, 7)}", has_form=False)

"""Names of fields: which speak of a secret's value, and which only speak of a secret."""

from __future__ import annotations

import pytest

from countersign import limits
from countersign.masking.fields.field_names import BUILT_IN_NAMES, FieldNames, plain_name

NAMES = FieldNames()


@pytest.mark.parametrize(
    "name",
    """
    password Password PASSWORD userPassword user_password USER-PASSWORD dbpassword password1 dbPassword2 newPassword
    passwordConfirmation passwordHash enable_password passwd passphrase passcode secret clientSecret client_secret
    secrets secret_id secretAccessKey apiKey API_KEY x-api-key apikey api.key myapikey private_key PrivateKeyPEM
    credentials awsCredentials accessToken refresh_token bearerToken token tokens deviceTokens X-Auth-Token csrf_token_2
    oauth2Token jwt pwd userPwd user_pass dbpass pin PIN userPin user_pin p_i_n cvv cvv2 cvc ssn SSN customerSsn iban pan
    cardNumber card_number CARDNUMBER creditCardNumber accountNumber bankAccountNumber mybankaccountnumber taxId tax_id
    passportNumber passport_number mothers_maiden_name mothersMaidenName date_of_birth dateOfBirth otp totp authorization
    connectionString recoveryPhrase session_id tokenValue token_hash pinNumber ssnNumberHash cardNumberHashHex cvvCode
    user[password] user.password users[0].password password[new] password[] a/b/password ns:password login\\password
    passwort Kennwort losungswort mot_de_passe motDePasse contrasena contraseña senha wachtwoord lösenord hasło şifre
    пароль ПАРОЛЬ 密码 パスワード ﾊﾟｽﾜｰﾄﾞ 비밀번호
    """.split(),
)
def test_a_name_of_a_secret_is_seen_in_every_spelling(name: str) -> None:
    """Case, separators, what is around it, its number and its language do not hide it."""
    assert NAMES.is_secret(name)


@pytest.mark.parametrize(
    "name",
    """
    passwordPolicy passwordpolicy password_policy passwordChangedAt passwordUpdatedBy hasPassword has_password requirePassword
    passwordMinLength minPasswordLength passwordless PasswordStrength passwordExpired isSecret secretName secret_name
    secretRef secretKeyRef secretArn secretary secretaryName company_secretary companySecretaries secretariat secretion
    tokenType token_type tokenization tokenized tokenCount max_tokens maxTokens tokens_used prompt_tokens total_tokens
    apiKeyName apiKeyId accessKeyId private_key_id keyId publicKey public_key key cardType card_type cardHolder pinned
    pinCount spin shipping opinion company companion compass compassion bypass passenger panel japan span ibanCountry
    spine asin tin value rawValue value_text_code_hash hash session author authority assignee design cookieConsent accountType accountName taxRate passportCountry
    credentialType name id email status type value x items
    """.split(),
)
def test_a_name_that_only_speaks_of_a_secret_is_none(name: str) -> None:
    """A policy, a type, a time, a flag, a count, an identifier; and words that merely contain others."""
    assert not NAMES.is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "pass\u200bword",
        "\ufeffpassword",
        "p\u00ads\u00adn\u200d.ssn",
        "\uff50\uff41\uff53\uff53word",
        "pa\u0301ssword",
        "pass\nword",
        "s\u3164sn",
    ],
)
def test_nothing_invisible_hides_a_name(name: str) -> None:
    """Zero width, soft hyphens, fillers, controls, accents and wide letters are looked through."""
    assert NAMES.is_secret(name)


@pytest.mark.parametrize("name", ["", " ", "...", "[]", "_", "\u200b", "\ud800", "1", "密"])
def test_any_text_is_taken(name: str) -> None:
    """Names without a letter, or with half a character, are names of nothing."""
    assert not NAMES.is_secret(name)


def test_what_is_too_long_to_be_judged_is_a_secret() -> None:
    """Normalising takes more than linear time, so a name, or one of its parts, has an end."""
    assert not NAMES.is_secret("a" * limits.MAX_FIELD_NAME_CHARACTERS)
    assert NAMES.is_secret("a" * (limits.MAX_FIELD_NAME_CHARACTERS + 1))
    assert not NAMES.is_secret(".".join("a" * limits.MAX_FIELD_NAME_PARTS))
    assert NAMES.is_secret(".".join("a" * (limits.MAX_FIELD_NAME_PARTS + 1)))


def test_answers_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller who makes up names does not fill the memory, and answers stay right."""
    monkeypatch.setattr(limits, "MAX_REMEMBERED_NAMES", 3)
    names = FieldNames()
    for _ in range(2):
        assert [names.is_secret(f"{word}{'x' * number}") for number in range(4) for word in ("pin ", "pin")] == [
            True, True, False, False, False, False, False, False,
        ]  # fmt: skip
    assert len(names._known) <= 3


def test_each_listed_name_is_a_secret() -> None:
    """The list holds no word that the rules around it throw out again."""
    assert not [name for name in BUILT_IN_NAMES if not NAMES.is_secret(name)]


def test_a_name_of_a_rule_counts_as_a_whole_in_any_spelling() -> None:
    """It is no built-in name: what merely ends with it is another field."""
    names = FieldNames(also=["Salary_Grade"])
    assert all(
        map(names.is_secret, ("salaryGrade", "SALARY-GRADE", "person[salary_grade]", "salary.grade", "salaryGrade2"))
    )
    assert not any(map(names.is_secret, ("baseSalaryGrade", "salary", "salaryGradeName")))
    assert names.is_secret("password")
    assert not NAMES.is_secret("salaryGrade")


def test_a_built_in_name_can_be_switched_off() -> None:
    """By its listed word in any spelling; the others stay."""
    names = FieldNames(off=["api_key", "pin"])
    assert not names.is_secret("apiKey")
    assert not names.is_secret("userPin")
    assert names.is_secret("secretApiKey")
    assert names.is_secret("pinCode")


def test_with_all_built_in_names_off_only_those_of_rules_count() -> None:
    """This is how one rule's names are matched."""
    names = FieldNames(["token"], BUILT_IN_NAMES)
    assert names.is_secret("Token")
    assert not names.is_secret("password")
    assert not names.is_secret("accessToken")


def test_an_unknown_name_cannot_be_switched_off() -> None:
    """A misspelt one would silently switch off nothing."""
    with pytest.raises(ValueError, match=r"'passwrod' is no built-in name of a field; did you mean .*password"):
        FieldNames(off=["passwrod"])
    with pytest.raises(ValueError, match=r"^'zzzzzzzz' is no built-in name of a field$"):
        FieldNames(off=["zzzzzzzz"])


def test_a_name_of_a_rule_names_something() -> None:
    """One without a letter would be the name of every field without one."""
    with pytest.raises(ValueError, match="at least one letter"):
        FieldNames(also=["--"])


def test_spellings_of_a_name_are_one() -> None:
    """The plain form is what names are compared by."""
    assert {plain_name(name) for name in ("dbPassword2", "DB_PASSWORD_2", "db-password 2", "dbPASSWORD2")} == {
        "dbpassword2"
    }
    assert plain_name("Contraseña") == "contrasena"

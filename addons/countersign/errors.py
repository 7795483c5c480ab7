"""What can go wrong, from general to special; each error names the place and the remedy."""

from __future__ import annotations


class CountersignError(Exception):
    """Base of every error this package raises on purpose."""


class BadInput(CountersignError):
    """Something a caller sent cannot be read. `status` is the HTTP status it is answered with."""

    status = 400

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class TooLarge(BadInput):
    """Longer, deeper or wider than a named limit."""

    status = 413


class UnsupportedMedia(BadInput):
    """A content encoding or media type that the gateway does not read."""

    status = 415


class RulesError(CountersignError):
    """A rule file cannot be used. Says file, line and remedy."""

    def __init__(self, file: str, line: int | None, problem: str, remedy: str = "") -> None:
        place = file if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {problem}" + (f" ({remedy})" if remedy else ""))
        self.file = file
        self.line = line
        self.problem = problem
        self.remedy = remedy


class RulesErrors(CountersignError):
    """The rule files cannot be used. `errors` holds each problem, in the order of files and lines; never empty."""

    def __init__(self, errors: tuple[RulesError, ...]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = errors


class InvalidCredential(CountersignError):
    """No credential, or one that does not prove who is calling. The text never holds the credential."""


class ProviderUnavailable(CountersignError):
    """The identity provider's keys cannot be had, and none that are known may still be used."""


class EvidenceUnavailable(CountersignError):
    """A record could not be made durable in time: nothing may pass."""


class SchemaUnavailable(CountersignError):
    """The current schema could not be read from the service."""

"""Asks a server over HTTP, again while it is busy or its answer does not arrive as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests
from requests.auth import AuthBase

from lakehouse.errors import SourceError
from lakehouse.sources.patience import BusyError, Patience

_ANSWER_SECONDS = (5.0, 15.0)
_BUSY = 429


@dataclass(frozen=True, kw_only=True)
class HttpClient:
    """How a server is asked.

    Args:
        what: What it is, for messages: "the schema registry at https://…".
        headers: Of each request.
        authorization: Gives the value of the header of that name when it is needed; it never shows.
        secret_parameters: Gives further parameters of each address, such as a key; they never show.
        patience: How long to wait for an answer.
    """

    what: str
    headers: Mapping[str, str] = field(default_factory=dict)
    authorization: Callable[[], str] | None = field(default=None, repr=False)
    secret_parameters: Callable[[], Mapping[str, str]] | None = field(default=None, repr=False)
    patience: Patience = field(default_factory=Patience)

    def get(self, url: str, *, check: Callable[[requests.Response], None] = lambda _: None) -> requests.Response:
        """Give an answer, whatever its status, but for one that says to come again: 429, and 500 and above.

        Args:
            check: Raises ``BusyError`` for an answer that is worth asking again for.

        Raises:
            SourceError: There was none in time, or the address is no address.
        """

        def ask() -> requests.Response:
            answer = self._ask(url)
            if answer.status_code == _BUSY or answer.status_code >= 500:
                raise BusyError(f"HTTP {answer.status_code}", seconds=_seconds(answer.headers.get("Retry-After")))
            check(answer)
            return answer

        return self.patience.until_there(ask, what=self.what)

    def _ask(self, url: str) -> requests.Response:
        auth = None if self.authorization is None else _Authorization(self.authorization)
        hidden = self.secret_parameters() if self.secret_parameters else None
        try:
            return requests.get(url, params=hidden, auth=auth, headers=dict(self.headers), timeout=_ANSWER_SECONDS)
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            raise BusyError(type(error).__name__) from None
        except (requests.RequestException, ValueError) as error:
            # Its text may have the header's value, as where that is none.
            raise SourceError(f"{url} cannot be asked for ({type(error).__name__})") from None


class _Authorization(AuthBase):
    """Sets the header itself, so that no .netrc of the machine replaces it; where a redirect leads elsewhere it is
    left out."""

    def __init__(self, value: Callable[[], str]) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._value()
        return request


def _seconds(text: str | None) -> float | None:
    """Read ``Retry-After``: seconds, or the instant from which on to ask."""
    if not text or text.isdigit():
        return float(text) if text else None
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None

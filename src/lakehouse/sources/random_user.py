"""RandomUser (randomuser.me), whose pages are made up of a seed: the same page is the same people each time."""

from __future__ import annotations

from urllib.parse import urlencode

from lakehouse.errors import ConfigError
from lakehouse.sources.http_api import HttpApi, Next, Page
from lakehouse.sources.http_client import HttpClient
from lakehouse.sources.patience import Patience

_MOST = 5_000


def random_users(
    *,
    seed: str,
    pages: int,
    results: int = 500,
    url: str = "https://randomuser.me/api/1.4/",
    patience: Patience | None = None,
) -> HttpApi:
    """Give the people of a seed, page by page; a later run with more pages goes on behind those that were taken.

    Args:
        seed: People of the same seed are the same.
        pages: How many there are in all.
        results: People on a page, at most 5,000.
        url: Of the API.
        patience: How long to wait for an answer.

    Raises:
        ConfigError: There are no such pages.
    """
    if not 1 <= results <= _MOST or pages < 1:
        raise ConfigError(f"RandomUser has 1 to {_MOST:,} people on a page, and at least one page")

    def address(page: int) -> str:
        return f"{url}?{urlencode({'seed': seed, 'page': page, 'results': results})}" if page <= pages else ""

    def follow(_: Page, cursor: str) -> Next:
        taken = int(cursor or 0) + 1
        return Next(url=address(taken + 1), cursor=str(taken))

    return HttpApi(
        name=f"randomuser {seed} {results}",
        client=HttpClient(what=f"RandomUser at {url}", patience=patience or Patience()),
        begin=lambda cursor: address(int(cursor or 0) + 1),
        follow=follow,
        records="$.results",
    )

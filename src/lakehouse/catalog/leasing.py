"""Hold the lease of a table while a block of work lasts: wait for whoever has it, renew it, give it back."""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import CommitFailedException

from lakehouse.catalog.leases import Holder, Lease, LeaseHeldError, give_back, overtaken_by, renew, take

_FIRST_LOOK, _LATER_LOOKS, _LAST_RENEWAL = 0.2, 2.0, 10.0


@dataclass(frozen=True, kw_only=True)
class Leasing:
    """As whom leases are taken, for how long at a time, how long others are waited for, and who is told.

    A lease is renewed three times in its time to live, on a thread, so it ends soon after its process does.
    """

    holder: Holder
    ttl: timedelta = timedelta(minutes=2)
    wait: timedelta = timedelta(minutes=10)
    say: Callable[[str], None] = lambda _text: None


def this_process(run_id: str, *, command: str) -> Holder:
    """Give the holder that a run of this process is."""
    return Holder(run_id=run_id, host=socket.gethostname(), pid=os.getpid(), command=command)


@dataclass(kw_only=True)
class Held:
    """A lease while it is held; without one where none was asked for. ``waited``: another had it before."""

    catalog: Catalog
    leasing: Leasing | None = None
    lease: Lease | None = None
    waited: bool = False

    def tell_if_overtaken(self) -> None:
        """Tell if another run got the table meanwhile; whose publish counts, commits decide. Cost: metadata."""
        if self.leasing is None or self.lease is None:
            return
        other = overtaken_by(self.catalog, self.lease)
        if other is not None:
            self.leasing.say(
                f"the lease of {self.lease.table} (token {self.lease.token}) had ended, and {other.holder} has token "
                f"{other.token}: whichever of the two publishes first counts, the other builds again on top of it"
            )

    def keep(self, over: threading.Event) -> None:
        """Renew the lease until that is over, or another has it."""
        if self.leasing is None or self.lease is None:
            return
        ttl = self.leasing.ttl
        while not over.wait(ttl.total_seconds() / 3):
            try:
                renewed = renew(self.catalog, self.lease, now=datetime.now(UTC), ttl=ttl)
            except Exception:
                # The catalog may answer again before the lease ends; if not, it ends.
                continue
            if renewed is None:
                return
            self.lease = renewed


@contextmanager
def hold(leasing: Leasing | None, catalog: Catalog, name: str) -> Iterator[Held]:
    """Hold the lease of a table while the block lasts; without ``leasing`` nobody is waited for.

    Cost: two commits of metadata, and one more for each third of the time to live.

    Raises:
        LeaseHeldError: Another had it for longer than it was waited for.
    """
    held = Held(catalog=catalog, leasing=leasing)
    if leasing is None:
        yield held
        return
    _take(leasing, held, name)
    over = threading.Event()
    keeper = threading.Thread(target=held.keep, args=(over,), name=f"lease of {name}", daemon=True)
    keeper.start()
    try:
        yield held
    finally:
        over.set()
        keeper.join(timeout=_LAST_RENEWAL)
        _give_back(leasing, held)


def _take(leasing: Leasing, held: Held, name: str) -> None:
    started, pause = time.monotonic(), _FIRST_LOOK
    while True:
        try:
            found = take(held.catalog, name, leasing.holder, now=datetime.now(UTC), ttl=leasing.ttl)
        except CommitFailedException:
            leasing.say(f"{name} is built without a lease: too many others were taken in the same moment")
            return
        if found.holder == leasing.holder:
            held.lease = found
            return
        waited = timedelta(seconds=time.monotonic() - started)
        if waited >= leasing.wait:
            raise LeaseHeldError(lease=found, waited=waited)
        if not held.waited:
            leasing.say(f"{name}: waits for {found.holder}, at most {leasing.wait.total_seconds():,.0f} s")
            held.waited = True
        time.sleep(min(random.uniform(0.5, 1.0) * pause, (leasing.wait - waited).total_seconds()))
        pause = min(_LATER_LOOKS, 2 * pause)


def _give_back(leasing: Leasing, held: Held) -> None:
    if held.lease is None:
        return
    try:
        give_back(held.catalog, held.lease, now=datetime.now(UTC))
    except Exception as error:
        leasing.say(f"the lease of {held.lease.table} was not given back and ends by itself: {type(error).__name__}")

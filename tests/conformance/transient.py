"""The conformance suite of transient stores: what `broker.store.transient.contract` promises, whatever keeps the values.

`test_transient.py` runs every function of `SUITE` on a fresh `Bench`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from broker.store.db import Database
from broker.store.transient import TransientStore
from tests.support.clock import FixedClock

T = TypeVar("T")
CROWD = 8


@dataclass(frozen=True)
class Bench:
    """An empty store, its clock, and the database whose unit of work it joins."""

    store: TransientStore
    clock: FixedClock
    database: Database

    def after(self, **parts: float) -> datetime:
        return self.clock.now() + timedelta(**parts)

    def put(self, key: str, value: bytes = b"value", kind: str = "kind") -> None:
        self.store.put(kind, key, value, self.after(minutes=1))

    def all_at_once(self, work: Callable[[], T]) -> list[T]:
        """What `CROWD` threads get that start at the same moment."""
        gate = threading.Barrier(CROWD)

        def wait_and_work(_number: int) -> T:
            gate.wait(timeout=20)
            return work()

        with ThreadPoolExecutor(CROWD) as pool:
            return list(pool.map(wait_and_work, range(CROWD)))


class Stumble(Exception):
    """Ends a unit of work badly."""


def what_was_put_can_be_read_again_and_again(bench: Bench) -> None:
    value = bytes(range(256)) * 40
    bench.put("a", value)
    assert bench.store.get("kind", "a") == value
    assert bench.store.get("kind", "a") == value


def what_was_never_put_is_absent(bench: Bench) -> None:
    assert bench.store.get("kind", "a") is None
    assert bench.store.take("kind", "a") is None


def putting_again_replaces_value_and_expiry(bench: Bench) -> None:
    bench.put("a", b"first")
    bench.store.put("kind", "a", b"second", bench.after(hours=1))
    bench.clock.forward(minutes=30)
    assert bench.store.get("kind", "a") == b"second"


def kinds_and_keys_do_not_mix(bench: Bench) -> None:
    bench.put("a", b"one", kind="one")
    bench.put("a", b"two", kind="two")
    bench.put("A", b"three", kind="one")
    assert bench.store.take("one", "a") == b"one"
    assert bench.store.get("two", "a") == b"two"
    assert bench.store.get("one", "A") == b"three"


def a_key_may_be_any_text(bench: Bench) -> None:
    keys = ["", " ", "é", "e\u0301", "\x00", "\udcff", "x" * 10_000, "a b", "a%20b", "'; DROP TABLE transients; --"]
    for number, key in enumerate(keys):
        bench.put(key, str(number).encode())
    assert [bench.store.get("kind", key) for key in keys] == [str(number).encode() for number in range(len(keys))]


def what_has_expired_is_absent_for_every_verb(bench: Bench) -> None:
    for key in "abc":
        bench.put(key)
    bench.clock.forward(seconds=60)  # `expires_at` itself is too late
    assert bench.store.get("kind", "a") is None
    assert bench.store.take("kind", "b") is None
    assert not bench.store.exchange("kind", "c", "other", b"new", bench.after(minutes=1))
    assert bench.store.get("other", "c") is None


def what_is_deleted_is_gone_and_deleting_nothing_is_fine(bench: Bench) -> None:
    bench.put("a")
    bench.store.delete("kind", "a")
    bench.store.delete("kind", "a")
    assert bench.store.get("kind", "a") is None


def a_value_is_taken_once(bench: Bench) -> None:
    bench.put("a")
    assert [bench.store.take("kind", "a") for _ in range(3)] == [b"value", None, None]


def of_a_crowd_one_takes_the_value(bench: Bench) -> None:
    bench.put("a")
    assert sorted(bench.all_at_once(lambda: bench.store.take("kind", "a") or b"")) == [b""] * (CROWD - 1) + [b"value"]


def an_exchange_leaves_the_new_value_and_works_once(bench: Bench) -> None:
    bench.put("a", b"old")
    later = bench.after(hours=1)
    assert bench.store.exchange("kind", "a", "finished", b"new", later)
    assert not bench.store.exchange("kind", "a", "finished", b"newer", later)
    assert bench.store.get("kind", "a") is None
    bench.clock.forward(minutes=30)
    assert bench.store.get("finished", "a") == b"new"


def an_exchange_within_a_kind_replaces_what_is_there_and_creates_nothing(bench: Bench) -> None:
    bench.put("a", b"old")
    assert bench.store.exchange("kind", "a", "kind", b"new", bench.after(hours=1))
    assert bench.store.get("kind", "a") == b"new"
    bench.store.delete("kind", "a")
    assert not bench.store.exchange("kind", "a", "kind", b"newer", bench.after(hours=1))
    assert bench.store.get("kind", "a") is None


def of_a_crowd_one_exchanges(bench: Bench) -> None:
    bench.put("a")
    later = bench.after(hours=1)
    assert sum(bench.all_at_once(lambda: bench.store.exchange("kind", "a", "finished", b"new", later))) == 1


def something_is_added_once_until_it_expires(bench: Bench) -> None:
    assert bench.store.add_once("replay", "a", bench.after(minutes=1))
    assert not bench.store.add_once("replay", "a", bench.after(hours=9))
    assert bench.store.add_once("replay", "b", bench.after(minutes=1))
    bench.clock.forward(minutes=1)
    assert bench.store.add_once("replay", "a", bench.after(minutes=1)), "expired counts as absent before it is purged"
    assert not bench.store.add_once("replay", "a", bench.after(minutes=1))


def of_a_crowd_one_adds(bench: Bench) -> None:
    later = bench.after(hours=1)
    assert sum(bench.all_at_once(lambda: bench.store.add_once("replay", "a", later))) == 1


def of_a_crowd_one_adds_over_an_expired_mark(bench: Bench) -> None:
    bench.store.add_once("replay", "a", bench.after(minutes=1))
    bench.clock.forward(minutes=2)
    later = bench.after(hours=1)
    assert sum(bench.all_at_once(lambda: bench.store.add_once("replay", "a", later))) == 1


def a_unit_of_work_that_fails_changes_nothing(bench: Bench) -> None:
    bench.put("taken", b"back")
    try:
        with bench.database.unit_of_work():
            assert bench.store.take("kind", "taken") == b"back"
            assert bench.store.add_once("replay", "a", bench.after(minutes=1))
            bench.put("put")
            assert bench.store.get("kind", "put") == b"value", "it sees its own writes"
            raise Stumble
    except Stumble:
        pass
    assert bench.store.get("kind", "taken") == b"back"
    assert bench.store.get("kind", "put") is None
    assert bench.store.add_once("replay", "a", bench.after(minutes=1))


def purging_removes_what_has_expired_and_counts_it(bench: Bench) -> None:
    bench.put("a")
    bench.put("b")
    bench.store.put("kind", "c", b"value", bench.after(hours=1))
    bench.clock.forward(minutes=1)
    assert bench.store.purge() == 2
    assert bench.store.purge() == 0
    assert bench.store.get("kind", "c") == b"value"


SUITE: tuple[Callable[[Bench], None], ...] = (
    what_was_put_can_be_read_again_and_again,
    what_was_never_put_is_absent,
    putting_again_replaces_value_and_expiry,
    kinds_and_keys_do_not_mix,
    a_key_may_be_any_text,
    what_has_expired_is_absent_for_every_verb,
    what_is_deleted_is_gone_and_deleting_nothing_is_fine,
    a_value_is_taken_once,
    of_a_crowd_one_takes_the_value,
    an_exchange_leaves_the_new_value_and_works_once,
    an_exchange_within_a_kind_replaces_what_is_there_and_creates_nothing,
    of_a_crowd_one_exchanges,
    something_is_added_once_until_it_expires,
    of_a_crowd_one_adds,
    of_a_crowd_one_adds_over_an_expired_mark,
    a_unit_of_work_that_fails_changes_nothing,
    purging_removes_what_has_expired_and_counts_it,
)

"""A trace as pictures need it: who spoke to whom, in which order, and what a rule did to the claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from broker.domain.messages import translatable
from broker.services.operations.traces import TraceDetail, TraceStep

BROWSER, APPLICATION, HUB, PROVIDER = range(4)
LANES = (
    (86, translatable("Browser")),
    (198, translatable("Application")),
    (310, translatable("Vestibule")),
    (422, translatable("Provider")),
)
WIDTH, HEAD, ROW = 480, 44, 46

_ASKED = translatable("Asks for a sign-in")
_SENT = translatable("Sent on to sign in")
_ANSWERED = translatable("Answer about the person")
_DONE = translatable("Told who the person is")
_REFUSED = translatable("Told that it failed")
_ERROR = translatable("Shown an error page")
_PAGE = translatable("Opens our sign-in page")
_CHOSE = translatable("Says which organisation")
_BACK = translatable("Gives up and goes back")
_LATE = translatable("Comes back when it was over")
_TOKENS = translatable("Fetches tokens")

# What a hop is called on the trace → from whom, to whom, in which words. The first that fits.
_HOPS: tuple[tuple[str, int, int, str], ...] = (
    ("SAML single sign-on", APPLICATION, HUB, _ASKED),
    ("OpenID Connect authorization", APPLICATION, HUB, _ASKED),
    ("OpenID Connect", APPLICATION, HUB, _TOKENS),
    ("sent to the identity provider", HUB, PROVIDER, _SENT),
    ("returned from the identity provider", PROVIDER, HUB, _ANSWERED),
    ("answered the application", HUB, APPLICATION, _DONE),
    ("told the application", HUB, APPLICATION, _REFUSED),
    ("opened the sign-in page", BROWSER, HUB, _PAGE),
    ("chose a home realm", BROWSER, HUB, _CHOSE),
    ("returned to the application", BROWSER, HUB, _BACK),
    ("came when the sign-in was over", BROWSER, HUB, _LATE),
)


@dataclass(frozen=True, slots=True)
class Arrow:
    """One row of the time-line. `text` is a message id; `middle` is where it stands; `bad` ends in an error."""

    y: int
    begins: int
    ends: int
    middle: int
    text: str
    time: str
    bad: bool = False
    checks: int = 0
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    width: int
    height: int
    lanes: tuple[tuple[int, str], ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """`change`: added, removed, changed or same."""

    change: str
    type: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RuleStep:
    """What one rule or stage did."""

    name: str
    lines: tuple[ClaimLine, ...]


def story(detail: TraceDetail) -> Story:
    arrows: list[Arrow] = []
    for number, step in enumerate(detail.steps):
        if step.kind not in {"hop", "error"}:
            continue
        if step.kind == "error":
            begins, ends, text = HUB, BROWSER, _ERROR
        else:
            begins, ends, text = _hop(step.name)
        after = _until_next(detail.steps[number + 1 :])
        failed = next((each.name for each in after if each.passed is False), "")
        arrows.append(
            Arrow(
                y=HEAD + ROW * (len(arrows) + 1) - 10,
                begins=LANES[begins][0],
                ends=LANES[ends][0],
                middle=(LANES[begins][0] + LANES[ends][0]) // 2,
                text=text,
                time=seconds((step.at - detail.summary.started_at).total_seconds()),
                bad=step.kind == "error",
                checks=sum(each.passed is True for each in after),
                failed=failed,
            )
        )
    return Story(WIDTH, HEAD + ROW * len(arrows) + 16, LANES, tuple(arrows))


def _hop(name: str) -> tuple[int, int, str]:
    for begin, source, target, text in _HOPS:
        if name.startswith(begin):
            return source, target, text
    return BROWSER, HUB, name


def _until_next(steps: Sequence[TraceStep]) -> list[TraceStep]:
    found: list[TraceStep] = []
    for step in steps:
        if step.kind == "hop":
            break
        found.append(step)
    return found


def seconds(number: float) -> str:
    if number < 1:
        return f"{number * 1000:.0f} ms"
    return f"{number:.1f} s" if number < 120 else f"{number / 60:.0f} min"


def rule_steps(steps: Sequence[TraceStep]) -> list[RuleStep]:
    """Every rule that was recorded, with what it added, took away or changed."""
    found = []
    for step in steps:
        if step.kind == "claims":
            lines = difference(_claims(step.data.get("before", "")), _claims(step.data.get("after", "")))
            found.append(RuleStep(step.name, tuple(lines)))
    return found


def _claims(text: str) -> list[tuple[str, str]]:
    pairs = [line.partition(" = ") for line in text.splitlines() if line]
    return [(name, value) for name, _, value in pairs]


def difference(before: list[tuple[str, str]], after: list[tuple[str, str]]) -> list[ClaimLine]:
    """Equal claims first in the order that came out; a type with one value before and another after was changed."""
    gone = [pair for pair in before if pair not in after]
    new = [pair for pair in after if pair not in before]
    lines = [ClaimLine("same", name, value, value) for name, value in after if (name, value) in before]
    for name, value in new:
        old = next((pair for pair in gone if pair[0] == name), None)
        if old is None:
            # The same value under another name: an alias became the canonical claim type.
            renamed = next((pair for pair in gone if pair[1] == value), None)
            lines.append(ClaimLine("changed" if renamed else "added", name, f"{renamed[0]} = {value}" if renamed else "", value))
            if renamed:
                gone.remove(renamed)
        else:
            gone.remove(old)
            lines.append(ClaimLine("changed", name, old[1], value))
    lines += [ClaimLine("removed", name, value, "") for name, value in gone]
    return lines

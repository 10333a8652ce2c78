"""Runs on registries that refuse, lie or break off: `python -m tools.refusals`.

Each is a whole run of the suite with --registry; it has to end with the right exit code and a sentence that
names the reason, and leave no image of that registry. No cluster is made. The engine has to run, on this
machine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.images.engine import docker, ensure_engine
from canary_conformance.images.pins import PINS, REGISTRY
from canary_conformance.processes import last_lines
from canary_conformance.progress import Progress
from tools.command_line import Parser, end_as_the_suite
from tools.refusals.misbehaving_registry import (
    CUT_OFF,
    OTHER,
    RECOVERING,
    MisbehavingRegistry,
    misbehaving_registry,
)
from tools.reports import publish, report_folder, say
from tools.suite_process import Ended, SuiteOptions, timed_process

# Nothing of it is run: it is collected, and what it needs ends the run.
TESTS = ("tests/stage_1_deploy/test_page.py",)
CLUSTER = "voting-conformance-refusals"
NOBODY = "127.0.0.1:9"


@dataclass(frozen=True, slots=True)
class Case:
    """A registry ("HOST" is the misbehaving one), more options, and how the run has to end and say why.

    goes_on: an earlier run pulled istiod's image, which this one must not pull again.
    """

    name: str
    registry: str
    status: ExitStatus
    words: tuple[str, ...]
    options: tuple[str, ...] = ()
    goes_on: bool = False


CASES = (
    Case("unknown host", "nowhere.invalid/hub", ExitStatus.BAD_INPUT, ("is an unknown host",)),
    Case("nobody there", NOBODY, ExitStatus.ENVIRONMENT, (f"no registry answers at {NOBODY}",)),
    Case("a scheme", "https://nowhere.invalid", ExitStatus.BAD_INPUT, ("must not have a scheme",)),
    Case("login required", "HOST/login", ExitStatus.BAD_INPUT, ("login required", "docker login HOST")),
    Case("denied", "HOST/denied", ExitStatus.BAD_INPUT, ("login required",)),
    Case("rate limit", "HOST/limited", ExitStatus.ENVIRONMENT, ("may be pulled (429)",)),
    Case("failing", "HOST/failing", ExitStatus.ENVIRONMENT, ("HOST failed (5xx)",)),
    Case(
        "missing tag",
        "HOST/missing",
        ExitStatus.BAD_INPUT,
        ("does not have this image", "Asked for: Istio 1.31.9", "available: "),
        ("--istio-version", "1.31.9"),
    ),
    Case("other content", f"HOST/{OTHER}", ExitStatus.ENVIRONMENT, ("does not match its digest",)),
    Case("cut off", f"HOST/{CUT_OFF}", ExitStatus.ENVIRONMENT, ("HOST broke off",)),
    Case(
        "one image, then no digest",
        f"HOST/{RECOVERING}",
        ExitStatus.BAD_INPUT,
        ("kindest/node", "does not serve this image with the pinned digest"),
    ),
    Case("the next run", f"HOST/{RECOVERING}", ExitStatus.BAD_INPUT, ("kindest/node",), goes_on=True),
)


def main(words: Sequence[str] | None = None) -> int:
    """Make each run, print a line for each, and write reports/refusals-TIME.txt.

    Returns 0 when all ended rightly, 1 when one did not, or what ended the command.
    """
    return end_as_the_suite(lambda: _work(words))


def _work(words: Sequence[str] | None) -> int:
    about = (
        "Runs the suite on registries that refuse, fail or serve other content, and checks how each run ends."
    )
    Parser("python -m tools.refusals", about).parse_args(words)
    progress = Progress(say=say)
    ensure_engine(progress)
    folder = report_folder("refusals")
    lines: list[str] = []
    wrong = 0
    with misbehaving_registry() as registry, TemporaryDirectory() as store, _tidy(registry):
        for number, case in enumerate(CASES, 1):
            before = registry.asked_for("istio/pilot")
            ended = _run(case, registry, Path(store), folder / f"refusal-{number}.log")
            problems = problems_of(case, ended, registry.host, _left(registry), Path(store))
            if case.goes_on and registry.asked_for("istio/pilot") != before:
                problems.append("an image that was there was pulled again")
            wrong += bool(problems)
            lines.append(f"{case.name}: {'; '.join(problems) or 'right'} ({ended.seconds:.0f} s)")
            progress.note(lines[-1])
        lines.append(f"{len(CASES) - wrong} of {len(CASES)} runs were refused rightly")
    publish(folder, f"{lines[-1]}\n", txt="\n".join(lines) + "\n")
    return int(ExitStatus.FAILED if wrong else ExitStatus.HOLDS)


def _run(case: Case, registry: MisbehavingRegistry, store: Path, log: Path) -> Ended:
    options = SuiteOptions(cluster_name=CLUSTER)
    named = case.registry.replace("HOST", registry.host)
    words = options.command("--registry", named, *case.options, tests=TESTS)
    return timed_process(words, {"XDG_CACHE_HOME": str(store), PINS: "", REGISTRY: ""}, log)


def problems_of(case: Case, ended: Ended, host: str, left: Sequence[str], store: Path) -> list[str]:
    """Return what was wrong with the end of a run: its exit code, its sentence, what it left."""
    problems = []
    if ended.exit_code != case.status:
        problems.append(f"exit code {ended.exit_code} instead of {case.status}")
    said = last_lines(ended.output, count=2)
    missing = [words for text in case.words if (words := text.replace("HOST", host)) not in said]
    problems += [f"the last lines lack {words!r}" for words in missing]
    if RECOVERING not in case.registry:
        problems += [f"image {image} was left" for image in left]
    return problems + [f"{path.name} was left" for path in store.rglob(".unfinished-*")]


def _left(registry: MisbehavingRegistry) -> list[str]:
    """Return the engine's images of this registry."""
    listed = docker("image", "ls", "--all", "--format", "{{.Repository}}:{{.Tag}}").split()
    return [image for image in listed if image.startswith(f"{registry.host}/")]


@contextmanager
def _tidy(registry: MisbehavingRegistry) -> Iterator[None]:
    """Remove the images of the registry in the end, with the names that we gave them."""
    try:
        yield
    finally:
        for image in _left(registry):
            identity = docker("image", "inspect", "--format", "{{.Id}}", image).strip()
            docker("image", "rm", "--force", identity)


if __name__ == "__main__":
    sys.exit(main())

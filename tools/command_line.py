"""The command line of a tool that runs the suite: its options, and an end with the suite's exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from canary_conformance.cluster.cluster_ownership import check_name
from canary_conformance.errors import BadInput
from canary_conformance.exit_codes import ExitStatus, word_of
from canary_conformance.images.image_options import (
    ImagesFrom,
    add_registry_option,
    add_version_options,
    asked_versions,
)
from canary_conformance.images.pins import use_registry
from canary_conformance.interrupts import Interrupts
from canary_conformance.process_owners import mark_children
from canary_conformance.report.exit_decision import status_of, trace_of
from tools.reports import say
from tools.suite_process import SuiteDefect, SuiteOptions


class Parser(argparse.ArgumentParser):
    """A parser for which a mistake is bad input, with the suite's exit code for it."""

    def __init__(self, prog: str, description: str | None, *, passes_on: bool = False) -> None:
        """Make one without options.

        Args:
            prog: How the command is called.
            description: What it does.
            passes_on: Whether arguments after `--` go to pytest.
        """
        super().__init__(prog=prog, description=description)
        self._passes_on = passes_on

    def flag(self, name: str, help_text: str) -> None:
        """Add an option without a value."""
        self.add_argument(name, action="store_true", help=help_text)

    def count(self, name: str, help_text: str, default: int | None = None) -> None:
        """Add an option whose value is a number from 1 on."""
        self.add_argument(name, type=count_of, default=default, metavar="N", help=help_text)

    def add_images(self, help_text: str) -> None:
        """Add the source of images."""
        self.add_argument("--images", choices=list(ImagesFrom), default=ImagesFrom.AUTO, help=help_text)

    def own(self, words: Sequence[str] | None) -> argparse.Namespace:
        """Return the command's own options; `arguments` are pytest's. Raises BadInput."""
        given = list(sys.argv[1:] if words is None else words)
        end = given.index("--") if self._passes_on and "--" in given else len(given)
        read = self.parse_args(given[:end])
        read.arguments = tuple(given[end + 1 :])
        return read

    def error(self, message: str) -> NoReturn:
        """Raise BadInput."""
        raise BadInput(f"{message}\n{self.format_usage().rstrip()}")


class CommandLine(Parser):
    """The command line of a tool that passes the suite's own options on to its runs."""

    def __init__(self, prog: str, description: str, *, passes_on: bool = False) -> None:
        """Add the options that all commands have; the parameters are a Parser's."""
        super().__init__(prog, description, passes_on=passes_on)
        self.add_images("where images come from (see pytest --help)")
        add_registry_option(self.add_argument)
        self.add_argument(
            "--cluster-name",
            type=_cluster_name,
            default=SuiteOptions().cluster_name,
            metavar="NAME",
            help="name of the kind cluster",
        )
        self.flag("--keep-cluster", "keep the cluster at the end; the next run reuses it")

    def add_versions(self) -> None:
        """Add the versions of the one cluster; the environment has them too, which the suite's runs obey."""
        add_version_options(self.add_argument)

    def add_rounds(self, default: int, help_text: str) -> None:
        """Add --rounds with its help, and the versions of the one cluster that they are made on."""
        self.count("--rounds", help_text, default)
        self.add_versions()

    def read(self, words: Sequence[str] | None) -> tuple[argparse.Namespace, SuiteOptions]:
        """Return the command's own options, and the suite's. Raises BadInput."""
        read = self.own(words)
        use_registry(read.registry)
        versions = asked_versions(vars(read).get)
        return read, SuiteOptions(
            ImagesFrom(read.images), read.cluster_name, read.keep_cluster, versions, read.arguments
        )


def end_as_the_suite(work: Callable[[], int]) -> int:
    """Do the work and return its exit code, or that of what ended it (exit_codes), SIGTERM too.

    A second signal, which CI systems and tox send soon after the first, leaves a run time to remove what it
    made.
    """
    # Runs share the claim on their cluster with the command that starts them.
    mark_children()
    try:
        with Interrupts(say).installed():
            return int(work())
    except KeyboardInterrupt as interrupt:
        return _ended(ExitStatus.INTERRUPTED, str(interrupt))
    except SuiteDefect as defect:
        return _ended(ExitStatus.DEFECT, str(defect))
    except Exception as error:
        status, reason = status_of(error), str(error)
        if status is ExitStatus.DEFECT:
            sys.stderr.write(trace_of(error))
            reason = "not of your manifests; please report it with the traceback above"
        return _ended(status, reason)


def _ended(status: ExitStatus, reason: str) -> int:
    sys.stderr.write(f"{word_of(status)}: {reason}\n" if reason else f"{word_of(status)}\n")
    return int(status)


def count_of(text: str) -> int:
    """Return the number that an option names. Raises ArgumentTypeError for less than 1."""
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} must be a number, at least 1")
    return int(text)


def _cluster_name(text: str) -> str:
    """Return the name that an option gives. Raises BadInput for one that no cluster can have."""
    check_name(text)
    return text

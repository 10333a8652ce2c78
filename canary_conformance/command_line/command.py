"""`canary-conformance COMMAND ...`: what the user asks for, and the module that does it.

A command's module is imported when it is called: static starts in a part of a second.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import NamedTuple

from canary_conformance import __version__
from canary_conformance.command_line.compiled_code import compile_into_the_store
from canary_conformance.exit_codes import ExitStatus
from canary_conformance.paths import current_folder

PROGRAM = "canary-conformance"


class Command(NamedTuple):
    """A command: what its help says in a line, and the function (of its arguments) that runs it."""

    line: str
    module: str
    function: str

    def __call__(self, arguments: Sequence[str]) -> int:
        """Run the command and return its exit code."""
        function: Callable[[list[str]], int] = getattr(import_module(self.module), self.function)
        return function(list(arguments))


_HERE = "canary_conformance.command_line"
_RUN = f"{_HERE}.suite_run"
COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        "static": Command(
            "judge a folder of manifests by a model, in a second, without a cluster", _RUN, "static"
        ),
        "e2e": Command("the same, and on a real kind + Istio cluster, under traffic", _RUN, "e2e"),
        "diff": Command(
            "what changes between two sets of manifests: BASE HEAD, folders or commits",
            "canary_conformance.differences.command",
            "main",
        ),
        "example": Command(
            "write manifests of which all requirements hold into a new folder DIR", f"{_HERE}.example", "main"
        ),
    }
)

HELP = f"""\
usage: {PROGRAM} COMMAND [DIR] [OPTIONS]
       {PROGRAM} COMMAND --help

Judges the manifests of the "AKS voting app" canary release against 34 requirements.

commands:
{{commands}}

DIR is the folder with the manifests: kubernetes/, istio/ and, where you have one, scenario.yaml
(default: ./manifests). It comes before the options. The report of a run lies in ./reports/latest.

examples:
  {PROGRAM} example DIR                         a folder to start from
  {PROGRAM} static DIR                          what the manifests alone decide
  {PROGRAM} static DIR --requirements R4.3      one requirement
  {PROGRAM} e2e DIR --keep-cluster              all six stages; the next run reuses the cluster
  {PROGRAM} e2e DIR --keep-cluster -k canary    only the canary stage is judged
  {PROGRAM} diff main                           what this branch changes, for its reviewers
  {PROGRAM} e2e --clean                         remove what killed runs left on this machine

exit codes:
  0 holds    1 a requirement FAILED    2 interrupted    3 the environment failed    4 bad input
  5 something could not be judged      6 defect of the suite

  -h, --help      this text; after a command, its options
  -V, --version   the version
"""


def main() -> int:
    """Run the command of the command line and return its exit code.

    What is not caught is a defect: Python would end with 1, the code of a requirement that failed.
    """
    try:
        compile_into_the_store()
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:
        # Nobody reads on, as after `| head`: what Python flushes at its end goes nowhere (Python: SIGPIPE).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitStatus.INTERRUPTED
    except Exception:
        traceback.print_exc()
        return ExitStatus.DEFECT
    return code


def run(words: Sequence[str]) -> int:
    """Run the command that the words ask for and return its exit code."""
    name, *arguments = words or [""]
    if name in {"-h", "--help", "help"}:
        sys.stdout.write(help_text())
        return ExitStatus.HOLDS
    if name in {"-V", "--version"}:
        sys.stdout.write(f"{PROGRAM} {__version__}\n")
        return ExitStatus.HOLDS
    if not name:
        sys.stderr.write(help_text())
        return ExitStatus.BAD_INPUT
    if name not in COMMANDS:
        known = ", ".join(COMMANDS)
        sys.stderr.write(f"ERROR: unknown command {name!r}; expected: {known} ({PROGRAM} --help)\n")
        return ExitStatus.BAD_INPUT
    if current_folder() is None:
        sys.stderr.write("ERROR: the current folder does not exist any more; change to another one\n")
        return ExitStatus.BAD_INPUT
    return COMMANDS[name](arguments)


def help_text() -> str:
    """Return the help of the program."""
    return HELP.format(commands="\n".join(f"  {name:<9}{command.line}" for name, command in COMMANDS.items()))

"""What the plugin of examples/cluster hands to sonobuoy, which is not run here.

Its worker waits for the file `done`, whose text is the path of what it sends (sonobuoy: "How Plugins Work").
"""

import os
import signal
import subprocess
import tarfile
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from canary_conformance.paths import REPOSITORY
from canary_conformance.waiting import wait_until
from tests.selftest.support import Programs

PLUGIN = REPOSITORY / "examples/cluster/sonobuoy-plugin.yaml"


def plugin(results: Path) -> subprocess.Popen[str]:
    """Start what the plugin's container runs, with a folder for its results."""
    spec = yaml.safe_load(PLUGIN.read_text())["spec"]
    environment = {**os.environ, "SONOBUOY_RESULTS_DIR": str(results)}
    return subprocess.Popen([*spec["command"], *spec["args"]], env=environment, text=True)


def sent(results: Path) -> dict[str, str]:
    """What sonobuoy's worker sends once there is a file `done`."""
    with tarfile.open((results / "done").read_text()) as archive:
        files = {one.name: archive.extractfile(one) for one in archive if one.isfile()}
        return {name: file.read().decode() for name, file in files.items() if file}


WRITES = """
for word; do
  case $word in --report=*) mkdir "${word#*=}"; echo "<testsuites/>" > "${word#*=}/junit.xml";; esac
done
"""


def test_sonobuoy_gets_the_report_of_a_run_that_holds(tmp_path: Path, programs: Programs) -> None:
    programs.add("canary-conformance", WRITES)
    assert plugin(tmp_path).wait(10) == 0
    assert sent(tmp_path) == {"report/junit.xml": "<testsuites/>\n"}


@pytest.mark.parametrize(("code", "report"), [(1, WRITES), (3, WRITES), (4, "")])
def test_sonobuoy_gets_a_failure_for_every_other_end(
    tmp_path: Path, programs: Programs, code: int, report: str
) -> None:
    programs.add("canary-conformance", f"{report}\nexit {code}")
    assert plugin(tmp_path).wait(10) == 0
    files = sent(tmp_path)
    assert ("report/junit.xml" in files) is bool(report)
    suite = ET.fromstring(files["report/exit-code.xml"])
    assert [one.get("message") for one in suite.iter("failure")] == [str(code)]


def test_a_plugin_that_is_ended_lets_its_run_clean_up_and_is_done(tmp_path: Path, programs: Programs) -> None:
    interrupted = f"trap 'touch {tmp_path}/cleaned; exit 2' TERM; touch {tmp_path}/began; sleep 9 & wait"
    programs.add("canary-conformance", interrupted)
    with plugin(tmp_path) as running:
        wait_until((tmp_path / "began").exists, until=bool, limit=10, what="the run to begin")
        running.send_signal(signal.SIGTERM)
        running.wait(10)
    assert (tmp_path / "cleaned").exists()
    assert "report/exit-code.xml" in sent(tmp_path)

"""A machine is short only by numbers of the whole wait; a busy one, and one that shows nothing, is not."""

import os
from pathlib import Path

import pytest

from canary_conformance.cluster.machine_pressure import (
    MachineWatch,
    Sample,
    Throttling,
    groups_of,
    shortage,
    take_sample,
)

STAT = "cpu  100 0 50 800 10 0 5 35 0 0\ncpu0 1 0 0 0 0 0 0 0 0 0\nprocs_running 7\n"
FULL = "some avg10=0.00 avg60=0.00 total=9000000\nfull avg10=0.00 avg60=0.00 total=2500000\n"


def samples(count: int = 11, *, runnable: int = 5, stolen: int = 0, **stalled: float) -> list[Sample]:
    """Return a sample a second: so many runnable tasks, stolen ticks of 200 a second, stalls a second."""
    return [
        Sample(
            float(n),
            cores=2,
            runnable=runnable,
            ticks=(200 * n, stolen * n),
            stalled={kind: share * n for kind, share in {"memory": 0.0, "io": 0.0, **stalled}.items()},
        )
        for n in range(count)
    ]


def limited(cores: float, used_up: int) -> list[Sample]:
    return [
        Sample(float(n), 2, groups={"the node": Throttling(cores, 10 * n, used_up * n)}) for n in range(11)
    ]


def found_short(found: list[Sample]) -> str:
    return shortage(found, [(0.0, 10.0)])


@pytest.mark.parametrize(
    "busy",
    [
        samples(),
        samples(runnable=15),
        samples(stolen=90),
        samples(memory=0.05),
        samples(io=0.4),
        limited(2.0, 10),
        limited(0.5, 4),
        [Sample(0.0, 2), Sample(10.0, 2)][:1],
    ],
    ids=["a plain run", "load 15", "steal", "memory", "disk", "two cores", "half used", "one sample"],
)
def test_a_busy_machine_is_not_short(busy: list[Sample]) -> None:
    assert found_short(busy) == ""


@pytest.mark.parametrize(
    ("short", "numbers"),
    [
        (samples(runnable=20), "20 tasks wanted to run on 2 cores, on average over 10 s"),
        (samples(stolen=120), "other machines of the host took 60% of the CPU over 10 s"),
        (samples(memory=0.2), "every task waited for memory for 20% of the time over 10 s"),
        (samples(io=0.8), "every task waited for the disk for 80% of the time over 10 s"),
        (
            limited(0.3, 9),
            "the CPU limit of the node, 0.3 cores, was used up in 90% of its periods over 10 s",
        ),
        ([Sample(0.0, 2), Sample(1.0, 2), Sample(10.0, 2)], "this run itself was stopped for 7 s over 10 s"),
    ],
    ids=["tasks", "steal", "memory", "disk", "limit", "stopped"],
)
def test_a_short_machine_is_reported_with_its_numbers(short: list[Sample], numbers: str) -> None:
    assert numbers in found_short(short)


def test_only_the_time_of_the_wait_counts() -> None:
    quiet, busy = samples(31), samples(31, runnable=30)
    mixed = [*quiet[:11], *busy[11:21], *quiet[21:]]
    assert shortage(mixed, [(0.0, 10.0)]) == ""
    assert "30 tasks" in shortage(mixed, [(10.5, 20.0)])
    assert shortage(mixed, [(0.0, 30.0)]) == "", "ten seconds of thirty are not the wait"
    assert "30 tasks" in shortage(mixed, [(11.0, 13.0), (16.0, 18.0)])
    assert shortage(mixed, []) == ""


def test_the_kernels_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "proc/pressure").mkdir(parents=True)
    (tmp_path / "proc/stat").write_text(STAT)
    (tmp_path / "proc/pressure/memory").write_text(FULL)
    one = take_sample(root=tmp_path)
    assert (one.runnable, one.ticks, dict(one.stalled)) == (7, (1000, 35), {"memory": 2.5})
    assert one.cores == os.cpu_count()


def test_a_machine_that_shows_nothing_is_never_short(tmp_path: Path) -> None:
    one = take_sample({"this run": groups_of("self", tmp_path)}, tmp_path)
    assert (one.runnable, one.ticks, one.stalled, one.groups) == (None, None, {}, {})
    assert shortage([one, one], [(one.at - 1, one.at + 1)]) == ""


def write_group(folder: Path, counters: str, **limits: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cpu.stat").write_text(counters)
    for name, value in limits.items():
        (folder / name.replace("_", ".", 1)).write_text(value)


def test_the_tightest_limit_of_a_group_and_those_above_it_counts(tmp_path: Path) -> None:
    top = tmp_path / "sys/fs/cgroup"
    write_group(
        top / "docker/node", "usage_usec 9\nnr_periods 50\nnr_throttled 40\n", cpu_max="30000 100000\n"
    )
    write_group(top / "docker", "nr_periods 7\nnr_throttled 0\n", cpu_max="400000 100000\n")
    write_group(top, "usage_usec 9\n", cpu_max="max 100000\n")
    (tmp_path / "proc/9").mkdir(parents=True)
    (tmp_path / "proc/9/cgroup").write_text("0::/docker/node\n")
    one = take_sample({"node": groups_of(9, tmp_path)}, tmp_path)
    assert one.groups == {"node": Throttling(0.3, 50, 40)}


def test_a_limit_of_version_1(tmp_path: Path) -> None:
    folder = tmp_path / "sys/fs/cgroup/cpu/docker/node"
    write_group(folder, "nr_periods 5\nnr_throttled 4\nthrottled_time 1\n")
    (folder / "cpu.cfs_quota_us").write_text("50000\n")
    (folder / "cpu.cfs_period_us").write_text("100000\n")
    (tmp_path / "proc/9").mkdir(parents=True)
    (tmp_path / "proc/9/cgroup").write_text("8:pids:/x\n1:cpu:/docker/node\n0::/\n")
    assert take_sample({"node": groups_of(9, tmp_path)}, tmp_path).groups == {"node": Throttling(0.5, 5, 4)}


def test_a_watch_ends_its_samples_with_one_of_now() -> None:
    left = iter(samples(3, runnable=40))
    watch = MachineWatch(lambda: next(left))
    watch.start()
    watch.stop()
    assert "40 tasks" in watch.shortage([(0.0, 1.0)])

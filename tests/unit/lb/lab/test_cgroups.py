import pytest

from lb.lab import cgroups
from lb.lab.errors import LabError

SEPARATE = """\
9:name=systemd:/
8:pids:/
7:blkio:/
6:freezer:/
5:devices:/
4:memory:/session/22f3
3:cpuset:/
2:cpuacct:/
1:cpu:/
0::/
"""
JOINED = """\
12:cpu,cpuacct:/user.slice
11:memory:/user.slice
10:cpuset:/
9:devices:/user.slice
8:freezer:/
7:pids:/user.slice
1:name=systemd:/user.slice/session-1.scope
0::/user.slice
"""
UNIFIED = "0::/user.slice/user-0.slice/session-1.scope\n"


def test_each_hierarchy_has_its_own_path():
    paths = cgroups.hierarchies(SEPARATE)
    assert paths["memory"] == "/session/22f3"
    assert paths["name=systemd"] == "/"
    assert "" not in paths


def test_controllers_mounted_together_stay_together():
    assert cgroups.hierarchies(JOINED)["cpu,cpuacct"] == "/user.slice"


def test_a_colon_in_a_path_belongs_to_the_path():
    assert cgroups.hierarchies(SEPARATE.replace("/session/22f3", "/a:b"))["memory"] == "/a:b"


def test_a_machine_without_version_1_is_refused_with_the_remedy():
    with pytest.raises(LabError, match=r"boot with systemd\.unified_cgroup_hierarchy=0"):
        cgroups.hierarchies(UNIFIED)


def test_a_missing_controller_is_named():
    with pytest.raises(LabError, match="no cgroup version 1 hierarchy for pids:"):
        cgroups.hierarchies(SEPARATE.replace("8:pids:/\n", ""))

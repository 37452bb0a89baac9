from pathlib import Path

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


def test_a_machine_with_both_versions_uses_version_1():
    assert "" not in cgroups.hierarchies(JOINED, "cpu cpuset memory pids")


def test_a_machine_without_version_1_uses_version_2():
    paths = cgroups.hierarchies(UNIFIED, "cpuset cpu io memory hugetlb pids rdma misc\n")
    assert paths == {"": "/user.slice/user-0.slice/session-1.scope"}


def test_a_controller_missing_in_version_1_is_named_with_the_remedy():
    with pytest.raises(LabError, match=r"lacks pids \(boot with version 2 alone: systemd\.unified_cgroup"):
        cgroups.hierarchies(SEPARATE.replace("8:pids:/\n", ""))


def test_controllers_missing_in_version_2_are_named_with_the_remedy():
    with pytest.raises(LabError, match=r"lacks cpuset, memory \(the kernel's command line may turn them off"):
        cgroups.hierarchies(UNIFIED, "cpu io pids\n")


def test_programs_are_in_the_machines_cgroups_in_version_1_and_in_a_leaf_in_version_2():
    assert cgroups.homes({"memory": Path("/m/lab.n1"), "pids": Path("/p/lab.n1")}) == [
        Path("/m/lab.n1"),
        Path("/p/lab.n1"),
    ]
    assert cgroups.homes({"": Path("/all/lab.n1")}) == [Path("/all/lab.n1/init")]


def test_a_cpuset_of_version_1_takes_what_its_parent_has(tmp_path):
    (tmp_path / "cpuset.cpus").write_text("0-1\n")
    (tmp_path / "cpuset.mems").write_text("0\n")
    cgroups.create({"cpuset": tmp_path / "n1"})
    assert (tmp_path / "n1" / "cpuset.cpus").read_text() == "0-1\n"
    assert (tmp_path / "n1" / "cpuset.mems").read_text() == "0\n"


def test_version_2_passes_on_to_a_machine_what_a_kubelet_needs(tmp_path):
    (tmp_path / "cgroup.subtree_control").touch()
    cgroups.create({"": tmp_path / "n1"})
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+cpu +cpuset +memory +pids"
    assert (tmp_path / "n1").is_dir()


def test_a_root_that_can_pass_no_controllers_on_is_named(tmp_path):
    (tmp_path / "cgroup.subtree_control").mkdir()  # any error of the kernel's
    with pytest.raises(LabError, match=f"cgroup {tmp_path} passes on no cpu, cpuset, memory, pids: Is a dir"):
        cgroups.create({"": tmp_path / "n1"})

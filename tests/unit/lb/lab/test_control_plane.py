from lb.lab import control_plane
from lb.lab.pki import Authority

PROGRAMS = [
    control_plane.etcd(),
    control_plane.api_server(),
    control_plane.controller_manager(),
    control_plane.scheduler(),
]


def test_every_file_that_a_flag_names_is_there():
    files = control_plane.files(Authority("lab"))
    named = {
        argument.rpartition("/run/lab/")[2]
        for program in PROGRAMS
        for argument in program.arguments
        if "/run/lab/" in argument
    }
    assert named
    assert named <= set(files)


def test_the_api_server_is_known_by_the_address_that_each_kubeconfig_names():
    assert control_plane.ADDRESS in control_plane.SERVER_NAMES
    assert control_plane.SERVER.removeprefix("https://") == f"{control_plane.ADDRESS}:6443"


def test_the_first_service_address_is_one_of_its_names():
    assert "10.96.0.1" in control_plane.SERVER_NAMES

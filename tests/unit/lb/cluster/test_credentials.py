import stat

import pytest
import yaml

from lb.cluster import credentials
from lb.cluster.credentials import REFRESH_SECONDS, Access
from lb.cluster.errors import GiveUp


class Clock:
    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def kubeconfig(tmp_path):
    """Writes a kubeconfig of one user."""

    def write(user, cluster=None):
        path = tmp_path / "kubeconfig"
        cluster = {"server": "http://127.0.0.1:8080", **(cluster or {})}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        path.write_text(yaml.safe_dump(config))
        return str(path)

    return write


async def test_a_token_file_is_read_again_each_minute(kubeconfig, tmp_path):
    (tmp_path / "token").write_text("old\n")
    clock = Clock()
    loaded = await credentials.load(kubeconfig({"tokenFile": "token"}), clock)
    assert (await loaded.access()).authorization == "Bearer old"
    (tmp_path / "token").write_text("new\n")
    clock.seconds = REFRESH_SECONDS - 1
    assert (await loaded.access()).authorization == "Bearer old"
    clock.seconds = REFRESH_SECONDS
    assert (await loaded.access()).authorization == "Bearer new"


async def test_a_token_that_was_not_accepted_is_read_again_at_once(kubeconfig, tmp_path):
    (tmp_path / "token").write_text("old")
    loaded = await credentials.load(kubeconfig({"tokenFile": "token"}), Clock())
    used = await loaded.access()
    assert not await loaded.rejected(used)
    (tmp_path / "token").write_text("new")
    assert await loaded.rejected(used)
    assert (await loaded.access()).authorization == "Bearer new"
    assert await loaded.rejected(used)


async def test_the_last_good_credentials_are_used_on_when_they_cannot_be_read(kubeconfig, tmp_path, caplog):
    (tmp_path / "token").write_text("s3cret")
    clock = Clock()
    path = kubeconfig({"tokenFile": "token"})
    loaded = await credentials.load(path, clock)
    (tmp_path / "token").unlink()
    clock.seconds = REFRESH_SECONDS
    assert (await loaded.access()).authorization == "Bearer s3cret"
    assert "credentials cannot be renewed, the last good ones are used on: kubeconfig" in caplog.text
    assert "s3cret" not in caplog.text


async def test_a_kubeconfig_written_anew_is_read_again(kubeconfig):
    clock = Clock()
    loaded = await credentials.load(kubeconfig({"token": "old"}), clock)
    kubeconfig({"token": "new"}, {"server": "http://127.0.0.1:9090"})
    clock.seconds = REFRESH_SECONDS
    access = await loaded.access()
    assert (access.server, access.authorization) == ("http://127.0.0.1:9090", "Bearer new")


async def test_an_exec_plugin_is_asked_and_asked_again_when_its_token_was_not_accepted(kubeconfig, tmp_path):
    plugin = tmp_path / "plugin"
    plugin.write_text(
        "#!/bin/sh\n"
        f"echo x >> {tmp_path}/asked\n"
        'echo \'{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status":'
        f' {{"token": "token-\'$(wc -l < {tmp_path}/asked)\'",'
        ' "expirationTimestamp": "2999-01-01T00:00:00Z"}}\'\n'
    )
    plugin.chmod(stat.S_IRWXU)
    clock = Clock()
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin)}}
    loaded = await credentials.load(kubeconfig(user), clock)
    assert (await loaded.access()).authorization == "Bearer token-1"
    clock.seconds = REFRESH_SECONDS
    used = await loaded.access()
    assert used.authorization == "Bearer token-1"
    assert await loaded.rejected(used)
    assert (await loaded.access()).authorization == "Bearer token-2"


async def test_while_nothing_changes_the_same_connections_are_used(kubeconfig):
    clock = Clock()
    loaded = await credentials.load(kubeconfig({"token": "t"}), clock)
    before = await loaded.access()
    clock.seconds = REFRESH_SECONDS
    assert await loaded.access() is before


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param(None, "[Errno 2] No such file or directory: '{path}'", id="no file"),
        pytest.param("{}", "Invalid kube-config file. Expected key current-context in {path}", id="empty"),
    ],
)
async def test_a_kubeconfig_that_cannot_be_used_is_named_with_the_reason(tmp_path, text, why):
    path = tmp_path / "kubeconfig"
    if text:
        path.write_text(text)
    with pytest.raises(GiveUp) as raised:
        await credentials.load(str(path))
    assert str(raised.value) == (
        f"no credentials for the API server: kubeconfig {path} cannot be used: {why.format(path=path)}."
        " Check with: kubectl config view"
    )


def test_access_never_shows_the_token():
    assert "s3cret" not in repr(Access("https://10.0.0.1", "Bearer s3cret", None, None, None))

"""What the processes on a cluster tell of the configuration that they have read."""

from lb.cli.trial import NAMESPACE
from lb.lab import addressing


def test_each_process_tells_that_it_can_use_the_configuration_and_where_it_is(trial):
    def states():
        found = trial.get("configurationstates", "-n", NAMESPACE)["items"]
        told = all(each.get("status", {}).get("result") == "Valid" for each in found)
        return {each["metadata"]["name"]: each["metadata"] for each in found} if told else None

    expected = {"controller", *(f"speaker-{name}" for name in trial.lab.node_names)}
    trial.lab.wait_for(lambda: (states() or {}).keys() == expected, "each process to tell", timeout=30)
    pods = {
        each["metadata"]["uid"]: each["metadata"]["name"]
        for each in trial.get("pods", "-n", NAMESPACE)["items"]
    }
    for name, metadata in states().items():
        (owner,) = metadata["ownerReferences"]
        assert pods[owner["uid"]] == owner["name"]
        assert owner["name"].startswith(name.partition("-")[0])
    for name in trial.lab.node_names:
        subnets = states()[f"speaker-{name}"]["annotations"]["anvil-lb.io/subnets"].split(",")
        assert str(addressing.SEGMENT) in subnets

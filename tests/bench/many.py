"""Many Services with one endpoint each; as long as one node lives it is to announce them all."""

import asyncio
from ipaddress import IPv4Address

from lb.cli.trial import NAMESPACE
from lb.cluster import credentials
from lb.cluster.client import Client
from lb.cluster.resource import ENDPOINT_SLICES, SERVICES

FIRST = IPv4Address("198.18.0.0")
AT_A_TIME = 8
LABEL = "crowd=many"
DISCOVERY = "apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
HOME = f"""
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {{name: many, namespace: {NAMESPACE}}}
spec: {{addresses: [{FIRST}/22], autoAssign: false}}
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {{name: many, namespace: {NAMESPACE}}}
spec:
  ipAddressPools: [many]
  preferredNodeSelectors:
    - weight: 100
      preference: {{matchLabels: {{kubernetes.io/hostname: %s}}}}
"""


class Many:
    """On *node*; their endpoints are at *host*."""

    def __init__(self, lab, node, host):
        self._lab = lab
        self._host = str(host)
        self.addresses = []
        lab.apply(HOME % node)

    def grow(self, count):
        """Let there be *count* Services."""
        numbers = range(len(self.addresses), count)
        asyncio.run(self._create(numbers))
        self.addresses += [str(FIRST + number) for number in numbers]

    async def _create(self, numbers):
        turns = iter(numbers)
        async with Client(await credentials.load(str(self._lab.kubeconfig))) as client:

            async def work():
                for number in turns:
                    await client.create(SERVICES, _service(number), "default")
                    await client.create(ENDPOINT_SLICES, _slice(number, self._host), "default")

            await asyncio.gather(*(work() for _ in range(AT_A_TIME)))

    def remove(self):
        for kind in ("api/v1/namespaces/default/services", DISCOVERY):  # kubectl would delete one by one
            self._lab.kubectl("delete", "--raw", f"/{kind}?labelSelector={LABEL.replace('=', '%3D')}")
        self._lab.kubectl("delete", "l2advertisement/many", "ipaddresspool/many", "-n", NAMESPACE)


def _service(number):
    notes = {"metallb.io/address-pool": "many", "metallb.io/loadBalancerIPs": str(FIRST + number)}
    return {
        "metadata": {"name": f"many-{number}", "annotations": notes, "labels": _labels()},
        "spec": {
            "type": "LoadBalancer",
            "ports": [{"port": 80}],
            "allocateLoadBalancerNodePorts": False,  # a cluster has 2,768 of them
        },
    }


def _slice(number, host):
    name = f"many-{number}"
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name, **_labels()}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [host]}],
        "ports": [{"port": 80}],
    }


def _labels():
    return dict([LABEL.split("=")])

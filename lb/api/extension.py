"""What we add to MetalLB's API: annotations under `anvil-lb.io/`. Its CRDs stay as they are."""

OURS = "anvil-lb.io/"
PROTECT = "anvil-lb.io/protect"
"""On an IPAddressPool, "true": addresses that Services have are not taken out of it."""
FIELDS_OF_V1BETA2 = "anvil-lb.io/fields-of-v1beta2"
"""On a BGPPeer read as v1beta1: the fields, as JSON, that this version has no place for."""

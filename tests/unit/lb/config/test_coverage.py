import pytest

from lb.api.bgp_advertisement import BGPAdvertisementSpec
from lb.api.l2_advertisement import L2AdvertisementSpec
from lb.api.meta import LabelSelector
from lb.config.coverage import covered, covers

GOLD, TIN = LabelSelector({"tier": "gold"}), LabelSelector({"tier": "tin"})
POOLS = {"edge": {"tier": "gold"}, "core": {"tier": "iron"}, "lab": {}}


@pytest.mark.parametrize("kind", [L2AdvertisementSpec, BGPAdvertisementSpec])
@pytest.mark.parametrize(
    ("names", "selectors", "expected"),
    [
        pytest.param((), (), {"edge", "core", "lab"}, id="neither: all"),
        pytest.param(("edge",), (), {"edge"}, id="by name"),
        pytest.param(("edge", "gone"), (), {"edge"}, id="name of nothing"),
        pytest.param(("gone",), (), set(), id="names of nothing are not all"),
        pytest.param((), (GOLD,), {"edge"}, id="by label"),
        pytest.param((), (TIN,), set(), id="label of nothing"),
        pytest.param((), (TIN, GOLD), {"edge"}, id="selectors are ORed"),
        pytest.param(("lab",), (GOLD,), {"edge", "lab"}, id="names and labels are ORed"),
        pytest.param((), (LabelSelector(),), {"edge", "core", "lab"}, id="empty selector"),
    ],
)
def test_pools_are_selected_by_name_or_label(kind, names, selectors, expected):
    selection = kind(ip_address_pools=names, ip_address_pool_selectors=selectors)
    assert covered(selection, POOLS) == expected
    assert {name for name, labels in POOLS.items() if covers(selection, name, labels)} == expected

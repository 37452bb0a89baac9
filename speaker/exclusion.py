"""Which interfaces are excluded now: ConfigMap metallb-excludel2, followed; a bad one changes nothing."""

import logging
from collections.abc import Callable

from lb.api.config_map import EXCLUDED_INTERFACES, ConfigMap
from lb.cluster.client import Client
from lb.cluster.reflector import Reflector
from lb.cluster.resource import CONFIG_MAPS, Selection, named
from lb.config.excluded_interfaces import Patterns, parse_excluded_interfaces
from lb.config.rejection import Rejection

log = logging.getLogger(__name__)


class Exclusion:
    """Kept up to date by the `reflector`, which the caller runs as a task.

    *exclude* is called with the patterns when the ConfigMap has changed into a good one or is gone, and
    *on_change* after each change, good or bad.
    """

    def __init__(
        self,
        client: Client,
        namespace: str,
        exclude: Callable[[Patterns], None],
        on_change: Callable[[], None],
    ) -> None:
        self._exclude = exclude
        self._on_change = on_change
        selection = Selection(namespace, named(EXCLUDED_INTERFACES))
        self.reflector = Reflector(client, CONFIG_MAPS, self._changed, selection)
        self.rejections: tuple[Rejection, ...] = ()
        """What is wrong with the ConfigMap as it is now."""

    def _changed(self, key: str, old: ConfigMap | None, new: ConfigMap | None) -> None:
        told, read = self.rejections, parse_excluded_interfaces(new)
        if isinstance(read, tuple):
            self.rejections = ()
            self._exclude(read)
            log.info("interfaces excluded: %s", " ".join(each.pattern for each in read) or "none")
        else:
            self.rejections = tuple(read)
            for rejection in read:
                if rejection not in told:
                    log.error("%s", rejection)
        self._on_change()

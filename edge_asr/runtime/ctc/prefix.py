"""The prefixes that a beam search holds: a tree whose nodes live as long as something that grew from them."""

from __future__ import annotations

from weakref import WeakValueDictionary

from edge_asr.runtime.ctc.fusion import FusionState


class Prefix:
    """A sequence of tokens: the prefix before its last one (None at the root of the tree), and that one."""

    __slots__ = ("__weakref__", "depth", "parent", "state", "token")

    def __init__(self, parent: Prefix | None, token: int, depth: int, state: FusionState) -> None:
        self.parent, self.token, self.depth, self.state = parent, token, depth, state


class PrefixTree:
    """Finds a prefix again that left the beam while a longer one stayed: both must be the same object."""

    def __init__(self) -> None:
        self._grown: WeakValueDictionary[tuple[Prefix, int], Prefix] = WeakValueDictionary()

    def find(self, parent: Prefix, token: int) -> Prefix | None:
        """The prefix `parent` + `token`, if something still holds it."""
        return self._grown.get((parent, token))

    def add(self, parent: Prefix, token: int, state: FusionState) -> Prefix:
        """Grow `parent` by `token`."""
        prefix = Prefix(parent, token, parent.depth + 1, state)
        self._grown[parent, token] = prefix
        return prefix

    def cut(self, root: Prefix) -> None:
        """Make `root`, from which all that is held grew, the root: what was before it is forgotten."""
        if root.parent is not None:
            del self._grown[root.parent, root.token]  # its key would keep all older prefixes alive
            root.parent = None


def common_prefix(first: Prefix, second: Prefix) -> Prefix:
    """The longest prefix that both grew from (or are)."""
    while first is not second:
        longer, other = (first, second) if first.depth >= second.depth else (second, first)
        assert longer.parent is not None
        first, second = longer.parent, other
    return first

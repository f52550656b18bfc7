"""Which machines train a network together: what TensorFlow's `TF_CONFIG` says."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from edge_asr.errors import ConfigError

_EXAMPLE = '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'
_EXPECTED = f"expected TF_CONFIG like {_EXAMPLE}"


@dataclass(frozen=True)
class Workers:
    """Processes that share every batch, and which of them this one is."""

    addresses: tuple[str, ...] = ()
    """`host:port` of each, the same list in the same order everywhere; none: this process is alone."""
    index: int = 0
    """Of this process in `addresses`; 0 is the chief, which validates and writes the run folder."""

    def __post_init__(self) -> None:
        """Check the index. Raises `ConfigError`."""
        if not 0 <= self.index < self.count:
            raise ConfigError(f"workers: expected an index from 0 to {self.count - 1}, found {self.index}")
        if len(set(self.addresses)) != len(self.addresses):
            raise ConfigError(f"workers: expected different addresses, found {', '.join(self.addresses)}")

    @property
    def count(self) -> int:
        """Processes."""
        return max(1, len(self.addresses))


def read_tf_config(text: str) -> Workers:
    """The workers that `text`, the value of `TF_CONFIG`, names: a chief, if it has one, and the workers; empty: one alone.

    Raises `ConfigError` for what is no such table, and for tasks of another type.
    """
    if not text.strip():
        return Workers()
    try:
        table: Any = json.loads(text)
        cluster, task = table["cluster"], table["task"]
        chiefs, others = cluster.get("chief", []), cluster.get("worker", [])
        kind, index = task["type"], task["index"]
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as err:
        raise ConfigError(f"{_EXPECTED}, found {text!r:.200} ({err})") from err
    if not isinstance(chiefs, list) or not isinstance(others, list) or not isinstance(index, int):
        raise ConfigError(f"{_EXPECTED}, found {text!r:.200}")
    addresses = [*chiefs, *others]
    known = {"chief": len(chiefs), "worker": len(others)}
    if not addresses or not all(isinstance(one, str) and re.fullmatch(r"\S+:\d{1,5}", one) for one in addresses):
        raise ConfigError(f"{_EXPECTED}, found the addresses {addresses!r:.200}")
    if kind not in known or not 0 <= index < known[kind]:
        raise ConfigError(f"{_EXPECTED}, found no task {kind!r} {index} in its cluster")
    return Workers(tuple(addresses), index + (len(chiefs) if kind == "worker" else 0))

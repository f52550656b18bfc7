"""A source without a device."""

from __future__ import annotations


class ListSource:
    """A source of what it is given; an exception among it is raised."""

    name = "list"

    def __init__(self, items, sample_rate=16000):
        self.items, self.sample_rate, self.closed = items, sample_rate, False

    def chunks(self):
        for item in self.items:
            if isinstance(item, Exception):
                raise item
            yield item

    def close(self):
        self.closed = True

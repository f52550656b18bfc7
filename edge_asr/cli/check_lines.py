"""Checks, for people: a line each, and below it what to do."""

from __future__ import annotations

from edge_asr.runtime.doctor import Check


def print_check(check: Check) -> None:
    """Print it at once, for the next one may take long."""
    print(f"{check.status:<8} {check.name:<17} {check.found}", flush=True)
    if check.advice:
        print(f"{'':<26} {check.advice}", flush=True)

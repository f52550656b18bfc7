"""TOML into frozen dataclasses, strictly: an unknown key, a wrong type or a value out of range is a `ConfigError`.

A dataclass describes a table. `setting` adds limits to a field; `__post_init__` checks relations between fields and
raises `ConfigError` with a message that starts with the key (the file and table are put in front here).
"""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from edge_asr.errors import ConfigError

T = TypeVar("T")
Table = dict[str, Any]


def setting(
    default: Any = dataclasses.MISSING,
    *,
    min: float | None = None,
    max: float | None = None,
    choices: Iterable[str] | None = None,
) -> Any:
    """A dataclass field with limits: inclusive `min` and `max` for numbers (and each item of a tuple), `choices` for text."""
    limits = {"min": min, "max": max, "choices": None if choices is None else tuple(choices)}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=lambda: dict(default), metadata=limits)
    return dataclasses.field(default=default, metadata=limits)


def read_toml(path: Path) -> Table:
    """Parse the TOML file at `path`. Raises `ConfigError` when it is missing, not UTF-8 or not TOML."""
    try:
        import tomllib
    except ModuleNotFoundError:  # Python 3.10
        import tomli as tomllib  # type: ignore[no-redef,import-not-found,unused-ignore]
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as err:
        raise ConfigError(f"{path}: expected a readable TOML file, found: {err}") from err


def apply_overrides(table: Table, overrides: Iterable[str]) -> Table:
    """A copy of `table` with each `a.b=value` set. The value is TOML (`5`, `[1, 2]`, `true`); bare text is a string."""
    try:
        import tomllib
    except ModuleNotFoundError:  # Python 3.10
        import tomli as tomllib  # type: ignore[no-redef,import-not-found,unused-ignore]
    result = _deep_copy(table)
    for override in overrides:
        key, equals, text = override.partition("=")
        parts = key.strip().split(".")
        if not equals or not all(parts):
            raise ConfigError(f"--set {override!r}: expected table.key=value, for example train.epochs=5")
        try:
            value = tomllib.loads(f"value = {text.strip()}")["value"]
        except (tomllib.TOMLDecodeError, RecursionError):
            value = text.strip()
        place = result
        for part in parts[:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise ConfigError(f"--set {override!r}: {part!r} is a value, not a table")
        place[parts[-1]] = value
    return result


def build(cls: type[T], table: Mapping[str, Any], *, source: str, where: str = "") -> T:
    """Make the dataclass `cls` from `table`. `source` names the file and `where` the table in error messages."""
    assert dataclasses.is_dataclass(cls)
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}
    hints = typing.get_type_hints(cls)
    for key in table:
        if key not in fields:
            near = difflib.get_close_matches(str(key), fields, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigError(f"{source}: unknown key {_dotted(where, key)!r}{hint} (allowed: {', '.join(sorted(fields))})")
    values = {}
    for name, field in fields.items():
        key = _dotted(where, name)
        if name in table:
            values[name] = _convert(hints[name], table[name], source, key)
            _check_limits(values[name], field.metadata, source, key)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ConfigError(f"{source}: {key!r} is missing (expected {_describe(hints[name])})")
    try:
        return typing.cast(T, cls(**values))
    except ConfigError as err:
        raise ConfigError(f"{source}: {f'[{where}] ' if where else ''}{err}") from err


def to_table(value: Any) -> Any:
    """The inverse of `build`: plain dicts, lists and scalars (None is left out), ready for JSON or TOML."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value) if f.init)
        return {name: to_table(item) for name, item in pairs if item is not None}
    if isinstance(value, Mapping):
        return {str(k): to_table(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_table(v) for v in value]
    if isinstance(value, Path):
        return str(value)
    return value


def _convert(hint: Any, value: Any, source: str, key: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        options = [a for a in args if a is not type(None)]
        if value is None:
            if len(options) < len(args):
                return None
        else:
            return _convert(options[0], value, source, key)
    elif dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if isinstance(value, Mapping):
            return build(hint, value, source=source, where=key)
    elif origin is typing.Literal:
        if isinstance(value, str) and value in args:
            return value
    elif origin is tuple:
        if isinstance(value, (list, tuple)):
            if args[-1] is Ellipsis:
                return tuple(_convert(args[0], v, source, f"{key}[{i}]") for i, v in enumerate(value))
            if len(value) == len(args):
                return tuple(_convert(a, v, source, f"{key}[{i}]") for i, (a, v) in enumerate(zip(args, value, strict=True)))
    elif origin is dict:
        if isinstance(value, Mapping):
            return {str(k): _convert(args[1], v, source, f"{key}.{k}") for k, v in value.items()}
    elif hint is float:
        if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300:
            return float(value)
    elif hint is int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    elif hint is Any or (isinstance(hint, type) and isinstance(value, hint)):
        return value
    raise ConfigError(f"{source}: {key!r} must be {_describe(hint)}, found {value!r:.80}")


def _check_limits(value: Any, limits: Mapping[str, Any], source: str, key: str) -> None:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
    for item in items:
        low, high, choices = limits.get("min"), limits.get("max"), limits.get("choices")
        number = isinstance(item, (int, float)) and not isinstance(item, bool)
        if number and ((low is not None and item < low) or (high is not None and item > high)):
            allowed = " and ".join([f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None))
            raise ConfigError(f"{source}: {key!r} must be {allowed}, found {item}")
        if choices and isinstance(item, str) and item not in choices:
            raise ConfigError(f"{source}: {key!r} must be one of {', '.join(choices)}, found {item!r}")


def _describe(hint: Any) -> str:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_describe(a) for a in args if a is not type(None))
    if origin is typing.Literal:
        return "one of " + ", ".join(repr(a) for a in args)
    if origin is tuple:
        items = "" if args[-1] is Ellipsis else f"{len(args)} "
        return f"a list of {items}{_describe(args[0])}"
    if origin is dict or (dataclasses.is_dataclass(hint)):
        return "a table"
    names = {int: "a whole number", float: "a finite number", str: "a text", bool: "true or false"}
    return names.get(hint, str(hint))


def _deep_copy(table: Table) -> Table:
    return {k: _deep_copy(v) if isinstance(v, dict) else v for k, v in table.items()}


def _dotted(where: str, key: object) -> str:
    return f"{where}.{key}" if where else str(key)

"""The commands of targets and signatures."""

from __future__ import annotations

from pathlib import Path

from invoke import Context

from edge_asr.tasks.command import command

KEYS = Path.home() / ".config" / "edge-asr"
"""Where the workstation's signing key is."""


@command(
    iterable=["set_"],
    help={
        "target": "only this one (name or TOML file), in full",
        "bundle": "bundle to check against it; without, every shipped one",
        "set_": "change a value of --target, like run.threads=2; as often as you like",
    },
)
def targets(_: Context, set_: list[str], target: str = "", bundle: str = "") -> None:
    """The boards that there are settings for, and which bundles fit them."""
    from edge_asr.bundle.store import read_bundle
    from edge_asr.deploy.signing import public_key
    from edge_asr.deploy.target import list_targets, load_target
    from edge_asr.deploy.targets_text import target_text, targets_text

    key = public_key(KEYS)
    if target:
        chosen = load_target(target, set_)
        print(target_text(chosen, read_bundle(Path(bundle)) if bundle else None, key))
        return
    shipped = sorted(manifest.parent for manifest in Path("models").glob("*/manifest.json"))
    print(targets_text(list_targets(), [read_bundle(path) for path in ([Path(bundle)] if bundle else shipped)], key))


@command(help={"folder": "where the key is; without it ~/.config/edge-asr"})
def keys(_: Context, folder: str = "") -> None:
    """The workstation's signing key; made where there is none. Its public half goes to boards, the private one nowhere."""
    from edge_asr.deploy.signing import PRIVATE, make_key, public_key

    place = Path(folder or KEYS)
    print(f"public key   {public_key(place) or make_key(place)}")
    print(f"private key  {place / PRIVATE} (keep it, and keep it to yourself)")


@command(help={"bundle": "bundle to sign", "folder": "where the key is; without it ~/.config/edge-asr"})
def sign(_: Context, bundle: str, folder: str = "") -> None:
    """Sign a bundle, for targets that require it."""
    from edge_asr.deploy.signing import public_key, sign_bundle

    place = Path(folder or KEYS)
    print(f"{sign_bundle(Path(bundle), place)} has it. Check: edge-asr info {bundle} --public-key {public_key(place)}")

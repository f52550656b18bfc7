"""Debian's packages, unpacked into a folder by apt from the machine's own mirror: not as root, and nothing is installed."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_asr.errors import DeployError
from edge_asr.progress import Progress, no_progress

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
INSTALLED = Path("/var/lib/dpkg/status")


@dataclass(frozen=True)
class Suite:
    """Where packages come from, and for which machine."""

    name: str
    """Debian's name of a release, like `bookworm`."""
    architecture: str
    """Debian's name of a machine, like `arm64`."""
    backports: bool = False
    """Prefer the release's backports."""
    installed: bool = False
    """Leave out what is installed on this machine."""


def own_suite(*, backports: bool = False) -> Suite:
    """The one of this machine, to add to what is installed. Raises `DeployError` where it has no apt."""
    return Suite(_codename(), _apt(["dpkg", "--print-architecture"]).strip(), backports, installed=True)


def fetch_packages(packages: Sequence[str], suite: Suite, folder: Path, *, progress: Progress = no_progress) -> None:
    """Download `packages` and what they depend on, check the signatures, and unpack all into `folder`.

    `folder` appears whole or not at all; one that is there is left as it is. No package's scripts run.
    Raises `DeployError` without apt, without network, and for a package that does not exist.
    """
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as name:
        work = Path(name)
        apt = ["apt-get", "-qq", "-c", str(_settings(work, suite))]
        progress("package lists", 0, 0)
        _apt([*apt, "update"])
        progress("packages", 0, 0)
        release = ["-t", f"{suite.name}-backports"] if suite.backports else []
        _apt([*apt, "install", "--download-only", "--reinstall", "--no-install-recommends", "--yes", *release, *packages])
        root = work / "root"
        root.mkdir(mode=0o755)
        archives = sorted((work / "cache/archives").glob("*.deb"))
        for done, archive in enumerate(archives):
            progress("unpack packages", done, len(archives))
            _apt(["dpkg-deb", "-x", str(archive), str(root)])
        _merge_usr(root)
        try:
            root.replace(folder)
        except OSError:
            if not folder.is_dir():  # else another run was first
                raise


def _merge_usr(root: Path) -> None:
    """Lead from the old places (`/lib`) to the new ones (`/usr/lib`), which is all that packages since Debian 13 hold."""
    for name in ("bin", "lib", "lib64", "sbin"):
        if (root / "usr" / name).is_dir() and not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")


def _settings(work: Path, suite: Suite) -> Path:
    """Settings of apt on top of the machine's own (a proxy counts) that keep its lists, downloads and locks below `work`."""
    for name in ("state/lists/partial", "cache/archives/partial"):
        (work / name).mkdir(parents=True)
    status = INSTALLED if suite.installed else work / "status"
    if not suite.installed:
        status.touch()
    signed = f" [signed-by={KEYRING}]" if KEYRING.exists() else ""
    names = [suite.name, *([f"{suite.name}-backports"] if suite.backports else [])]
    mirror = _mirror()
    (work / "sources.list").write_text("".join(f"deb{signed} {mirror} {name} main\n" for name in names), encoding="utf-8")
    settings = work / "apt.conf"
    settings.write_text(
        # Hooks of the machine tidy up its own caches.
        "#clear APT::Update::Pre-Invoke;\n#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n"
        "#clear APT::Architectures;\n"
        f'APT::Architecture "{suite.architecture}";\nAPT::Architectures {{"{suite.architecture}";}};\n'
        f'APT::Update::Error-Mode "any";\nAPT::Sandbox::User "";\nAcquire::Languages "none";\n'
        f'Dir::State "{work}/state";\nDir::State::status "{status}";\nDir::Cache "{work}/cache";\n'
        f'Dir::Cache::archives "{work}/cache/archives";\nDir::State::lists "{work}/state/lists";\n'
        f'Dir::Etc::sourcelist "{work}/sources.list";\nDir::Etc::sourceparts "/dev/null";\n'
        f'Dir::Etc::preferences "/dev/null";\nDir::Etc::preferencesparts "/dev/null";\n',
        encoding="utf-8",
    )
    return settings


def _codename() -> str:
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        system = {}
    if system.get("ID") != "debian" or "VERSION_CODENAME" not in system:
        found = system.get("PRETTY_NAME", platform.system())
        raise DeployError(f"expected a machine with Debian, whose packages come from its own mirror, found {found}: run it there")
    return system["VERSION_CODENAME"]


def _mirror() -> str:
    """The address of this machine's Debian archive, from its own settings of apt."""
    release = _codename()
    listed = _apt(["apt-get", "update", "--print-uris"])
    found = re.search(rf"^'([^']+)/dists/{re.escape(release)}/(?:In)?Release'", listed, re.MULTILINE)
    if found is None:
        raise DeployError(f"expected {release} in this machine's apt sources, found none: see /etc/apt/sources.list.d")
    return found.group(1)


def _apt(command: Sequence[str]) -> str:
    """What a command of Debian's package manager says."""
    if shutil.which(command[0]) is None:
        raise DeployError(f"{command[0]} is not installed: it is a part of Debian, run this on a machine with Debian")
    plain = ["env", "LC_ALL=C", *command]
    done = subprocess.run(plain, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith(("E:", "dpkg-deb: error"))]
        raise DeployError(
            f"{command[0]} failed: {' '.join(said)[:400] or done.stderr.strip()[-400:]} (check the network, and apt)"
        )
    return done.stdout

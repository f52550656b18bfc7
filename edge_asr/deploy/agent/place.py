"""The folder on the board that has the releases, and which of them runs."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from .contents import ID, sync
from .system import RefusedError, as_root, user_name


@dataclass(frozen=True)
class Place:
    """Where things are: `root` is the deployment's folder, `units` systemd's for units."""

    root: Path
    units: Path

    @property
    def releases(self) -> Path:
        """Has a folder for each release."""
        return self.root / "releases"

    @property
    def incoming(self) -> Path:
        """Has the archives on their way."""
        return self.root / "incoming"

    @property
    def current(self) -> Path:
        """The link to the release that runs."""
        return self.root / "current"

    def make(self) -> None:
        """Make the folder, through sudo where it must be. Raises `RefusedError` when this user can't write to it."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except PermissionError:
            as_root(["install", "-d", "-m", "755", "-o", str(os.geteuid()), "-g", str(os.getegid()), str(self.root)])
        except (FileExistsError, NotADirectoryError) as err:
            raise RefusedError(f"{self.root}: expected a folder or nothing, found a file in its way") from err
        if not os.access(self.root, os.W_OK | os.X_OK):
            raise RefusedError(
                f"{self.root}: expected a folder that {user_name()} may write to; sudo chown {user_name()} {self.root}"
            )

    def ids(self) -> list[str]:
        """Ids of the releases, oldest first."""
        return sorted(path.name for path in self.releases.iterdir() if ID.fullmatch(path.name)) if self.releases.is_dir() else []

    def current_id(self) -> str:
        """Id of the release that runs, "" when none does."""
        name = self.current.readlink().name if self.current.is_symlink() else ""
        return name if name in self.ids() else ""

    def release(self, id: str) -> Path:
        """Folder of a release. Raises `RefusedError` for one that is not there."""
        if id not in self.ids():
            raise RefusedError(
                f"expected a release that is on the board ({', '.join(self.ids()) or 'none is'}), found {id!r:.80}"
            )
        return self.releases / id

    def point(self, id: str) -> None:
        """Let `current` be release `id`, or nothing for "". At any moment, power cuts too, it is the old one or the new one."""
        if not id:
            self.current.unlink(missing_ok=True)
        else:
            beside = self.root / ".current"
            beside.unlink(missing_ok=True)
            beside.symlink_to(Path("releases") / self.release(id).name)
            beside.replace(self.current)
        sync(self.root)

    def clear_parts(self) -> None:
        """Remove what was broken off: releases in the making, or half removed."""
        for part in self.releases.glob("*.part"):
            shutil.rmtree(part)

"""Stand-ins for Debian's package manager, which keep what they were told and bring a package of one file."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

APT_GET = """\
#!/bin/sh
echo "$@" >> {log}
case "$*" in
  *--print-uris*) echo "'http://mirror.test/debian/dists/bookworm/InRelease' mirror.test_InRelease 0"
                  echo "'http://mirror.test/debian-security/dists/bookworm-security/InRelease' mirror.test_InRelease 0"; exit 0;;
  *broken*) echo "W: something else" >&2; echo "E: Unable to locate package broken" >&2; exit 100;;
esac
while [ "$1" != "-c" ]; do shift; done
cp "$2" {log}.conf
cp "$(dirname "$2")/sources.list" {log}.sources
case "$*" in *install*) touch "$(dirname "$2")/cache/archives/hello_1.0_arm64.deb";; esac
"""
DPKG_DEB = """\
#!/bin/sh
mkdir -p "$3/usr/bin" "$3/usr/lib" && echo "$2" > "$3/usr/bin/hello"
"""


def put_tools(folder: Path, **programs: str) -> Path:
    """A folder of programs for PATH, with the shell's own; `apt_get` becomes `apt-get`. Returns it."""
    folder.mkdir()
    for tool in ("sh", "env", "cp", "dirname", "mkdir", "touch"):
        (folder / tool).symlink_to(str(shutil.which(tool, path=os.defpath)))
    for name, text in programs.items():
        path = folder / name.replace("_", "-")
        path.write_text(text)
        path.chmod(0o755)
    return folder


def put_debian(folder: Path, **more: str) -> Path:
    """Stand-ins of apt-get, dpkg and dpkg-deb, and `more`. Returns the file in which apt-get keeps its arguments."""
    log = folder.parent / "apt.log"
    dpkg = "#!/bin/sh\necho amd64\n"
    put_tools(folder, apt_get=APT_GET.format(log=log), dpkg=dpkg, dpkg_deb=DPKG_DEB, **more)
    return log


def names_in(folder: Path) -> list[str]:
    """What is in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())

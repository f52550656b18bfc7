"""A GPU without a GPU: Mesa's software Vulkan."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

UNPACKED = "EDGE_ASR_MESA"


def mesa_environment() -> dict[str, str]:
    """What a process needs to find Mesa's drivers where `.ci/backports mesa-vulkan-drivers` has unpacked them.

    Skips where the environment does not name the folder. LiteRT refuses the Mesa of Debian 12 itself.
    """
    folder = os.environ.get(UNPACKED)
    if not folder:
        pytest.skip(f"{UNPACKED} does not name a folder with mesa-vulkan-drivers 25 (see .ci/run)")
    (manifest,) = Path(folder).rglob("lvp_icd*.json")
    (driver,) = Path(folder).rglob("libvulkan_lvp.so")
    return {
        "VK_DRIVER_FILES": str(manifest),
        "VK_ICD_FILENAMES": str(manifest),
        "LD_LIBRARY_PATH": str(driver.parent),
        "MESA_SHADER_CACHE_DIR": str(Path(folder) / "shaders"),  # compiling them takes most of the time
    }


def no_vulkan() -> dict[str, str]:
    """Hides every Vulkan driver from a process."""
    return {"VK_DRIVER_FILES": os.devnull, "VK_ICD_FILENAMES": os.devnull}

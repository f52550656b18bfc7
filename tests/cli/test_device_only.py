"""The device's rooms, and the command, on a machine that has numpy and an interpreter alone."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.cli.command import environment, write_wav
from tests.runtime.tones import tones

WORKSTATION = ("tensorflow", "keras", "scipy", "soundfile", "matplotlib", "rich", "jinja2", "invoke", "tensorboard", "tomli_w")
OPTIONAL = ("soxr", "pyaudio")

BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r} (blocked)", name=name)
sys.meta_path.insert(0, Block())
"""
IMPORT_EVERYTHING = """
import importlib, pkgutil
already = {name.partition(".")[0] for name in sys.modules}
import edge_asr
names = ["edge_asr.errors", "edge_asr.config", "edge_asr.progress"]
for room in ("frontend", "bundle", "runtime", "cli"):
    package = importlib.import_module(f"edge_asr.{room}")
    names += [found.name for found in pkgutil.walk_packages(package.__path__, f"edge_asr.{room}.")]
for name in names:
    if name != "edge_asr.cli.__main__":
        importlib.import_module(name)
known = already | set(sys.stdlib_module_names) | {"edge_asr", "numpy"}
print(len(names), sorted({name.partition(".")[0] for name in sys.modules} - known))
"""
RUN = "from edge_asr.cli.main import main; sys.exit(main(sys.argv[1:]))"


def python(blocked: tuple[str, ...], code: str, *arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", f"BLOCKED = {blocked!r}{BLOCK}{code}", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment())


def test_every_module_of_a_device_room_imports_with_numpy_alone():
    done = python((*WORKSTATION, *OPTIONAL, "ai_edge_litert", "tflite_runtime"), IMPORT_EVERYTHING)
    assert done.returncode == 0, done.stderr
    count, _, others = done.stdout.partition(" ")
    assert int(count) > 25  # it did find the modules
    assert others.strip() == "[]"


def test_the_command_listens_without_the_workstations_libraries(tiny_bundle, tmp_path):
    wav = write_wav(tmp_path / "a.wav", tones(3.0, [(1.0, "yes")]))
    done = python((*WORKSTATION, *OPTIONAL), RUN, "listen", "--bundle", tiny_bundle.path, "--input", wav, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[-1])["label"] == "yes"


def test_what_is_missing_is_said(tiny_bundle, tmp_path):
    wav = write_wav(tmp_path / "a.wav", tones(3.0, []), rate=8000)
    for arguments, extra in ((("--input", wav), "edge-asr[resample]"), (("--input", "mic"), "edge-asr[mic]")):
        done = python(OPTIONAL, RUN, "listen", "--bundle", tiny_bundle.path, *arguments)
        assert done.returncode == 2
        assert extra in done.stderr
        assert done.stderr.count("\n") == 1


def test_without_an_interpreter_it_says_what_to_install(tiny_bundle, tmp_path):
    done = python(("ai_edge_litert", "tflite_runtime"), RUN, "listen", "--bundle", tiny_bundle.path, "--input", "-")
    assert done.returncode == 2
    assert "pip install ai-edge-litert" in done.stderr


def test_only_the_chosen_command_is_imported():
    code = (
        "from edge_asr.cli.main import main; main(['info', 'nowhere']); print(sorted(m for m in sys.modules if 'edge_asr.' in m))"
    )
    loaded = python((), code).stdout
    assert "edge_asr.cli.info" in loaded
    assert "edge_asr.cli.listen" not in loaded
    assert "edge_asr.runtime.load" not in loaded
    assert "edge_asr.runtime.interpreter" not in loaded

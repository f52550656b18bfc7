"""The unit of every shipped target as systemd reads it, and of targets that want to say more than they may."""

from __future__ import annotations

import argparse
import importlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from edge_asr.cli.arguments import accelerator_of
from edge_asr.cli.main import COMMANDS
from edge_asr.deploy.command import listen_arguments
from edge_asr.deploy.target import TARGETS, Board, Service, Target, load_target
from edge_asr.deploy.unit import argument, quoted, unit_text
from edge_asr.errors import ConfigError
from edge_asr.runtime.accelerator import Accelerator
from edge_asr.runtime.board import AudioSpec, BoardSettings, RunSpec
from tests.deploy.systemd import complaints, directives, exposure, known_here, needs_systemd, parsed_command

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / TARGETS).glob("*.toml"))
PLAIN = Target("box", "a box", Board("aarch64"))
HOSTILE = [
    'USB "Mic" (hw:1,0); rm',
    "back\\slash \\n at its end\\",
    "100% %u %%",
    "$HOME ${PATH} $$",
    "it's # not ; a | comment",
    " leading, trailing ",
    "Größe 麦克风",
    "-starts with a dash",
]


def unit_of(target: Target, **options) -> dict[str, list[str]]:
    return directives(unit_text(target, target.folder, **options))


def running(**values) -> Target:
    return replace(PLAIN, run=RunSpec(accelerator=Accelerator(**values)))


@pytest.mark.system
@needs_systemd
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
@pytest.mark.parametrize("network", [False, True], ids=["alone", "network"])
def test_a_shipped_targets_unit_is_right_and_closed(path, network, tmp_path):
    target = load_target(path)
    target = replace(target, service=replace(target.service, network=network), require_signature=False)
    unit = known_here(unit_text(target, target.folder))
    assert complaints(unit, f"{target.folder}/current/edge-asr", tmp_path / "board") == ""
    assert exposure(unit, tmp_path / "security") <= 2.0


@pytest.mark.system
@needs_systemd
def test_what_is_wrong_with_a_unit_is_seen(tmp_path):
    unit = unit_text(PLAIN, PLAIN.folder)
    wrong = unit.replace("[Service]", "[Service]\nNonsense=1")
    assert "Nonsense" in complaints(wrong, f"{PLAIN.folder}/current/edge-asr", tmp_path / "a")
    assert "not executable" in complaints(unit, "/elsewhere", tmp_path / "b")
    assert exposure("[Service]\nExecStart=/bin/true\n", tmp_path / "c") > 9


@pytest.mark.system
@needs_systemd
@pytest.mark.parametrize("text", HOSTILE)
def test_names_from_a_target_stay_one_argument(text):
    folder = "/srv/" + re.sub(r"[\"'\\]", "", text).strip()
    unit = unit_text(replace(PLAIN, audio=AudioSpec(device=text)), folder, public_key=text)
    words = parsed_command(unit)
    assert words[0] == f"{folder}/current/edge-asr"
    expected = listen_arguments(BoardSettings("box", audio=AudioSpec(device=text)), "keywords", f"{folder}/current/bundle")
    assert words[1:] == [word.replace("$", "$$") for word in expected]


@pytest.mark.parametrize("text", ["a\nUser=root", "a\r", "a\0b", "a\x1b[0m", "a\u2028b", "\t"])
def test_what_no_line_holds_is_refused(text):
    with pytest.raises(ConfigError, match="expected printable text for the systemd unit, found"):
        unit_text(running(delegate="/usr/lib/x.so", options={"key": text}), "/opt")
    with pytest.raises(ConfigError):
        unit_text(PLAIN, f"/opt/{text}")


@pytest.mark.parametrize("folder", ["opt/edge-asr", "", '/opt/a"b', "/opt/it's", "/opt/a\\"])
def test_a_folder_that_systemd_runs_nothing_in_is_refused(folder):
    with pytest.raises(ConfigError, match="expected a full path without quotes and backslashes"):
        unit_text(PLAIN, folder)


def test_quoting():
    assert quoted("/opt/edge-asr/current/edge-asr") == "/opt/edge-asr/current/edge-asr"
    assert quoted("") == '""'
    assert quoted('a "b" \\ 5%') == '"a \\"b\\" \\\\ 5%%"'
    assert quoted("$HOME") == '"$HOME"'  # a path holds no variables
    assert argument("$HOME") == '"$$HOME"'


def test_what_every_unit_has():
    unit = unit_of(PLAIN)
    expected = {
        "Type": "notify",
        "NotifyAccess": "main",
        "DynamicUser": "yes",
        "SupplementaryGroups": "audio",
        "PrivateNetwork": "yes",
        "RestrictAddressFamilies": "AF_UNIX",
        "DevicePolicy": "closed",
        "DeviceAllow": "char-alsa rw",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "AmbientCapabilities": "",
        "MemoryDenyWriteExecute": "yes",
        "Restart": "always",
        "WatchdogSec": "30",
        "TimeoutStartSec": "90",
        "TimeoutStopSec": "10",
        "StartLimitBurst": "30",
        "Environment": "PYTHONDONTWRITEBYTECODE=1",
        "WantedBy": "multi-user.target",
    }
    assert {key: unit.get(key) for key in expected} == {key: [value] for key, value in expected.items()}
    assert unit["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]


def test_the_services_table_is_in_the_unit():
    service = Service(user="pi", groups=("audio", "plugdev"), memory_mb=123, cpu_percent=45, restart_s=2.5, network=True)
    unit = unit_of(replace(PLAIN, service=service))
    assert "DynamicUser" not in unit
    assert (unit["User"], unit["SupplementaryGroups"]) == (["pi"], ["audio plugdev"])
    assert (unit["MemoryMax"], unit["CPUQuota"], unit["RestartSec"]) == (["123M"], ["45%"], ["2.5"])
    assert "PrivateNetwork" not in unit
    assert "AF_INET" in unit["RestrictAddressFamilies"][0].split()
    assert unit["After"] == ["sound.target", "network-online.target"]


def test_an_accelerator_gets_its_device():
    coral, gpu, other = (unit_of(running(delegate=name)) for name in ("edgetpu", "gpu", "/usr/lib/libother.so"))
    assert coral["DeviceAllow"] == ["char-alsa rw", "char-usb_device rw", "/dev/apex_0 rw"]
    assert coral["RestrictAddressFamilies"] == ["AF_UNIX AF_NETLINK"]
    assert coral["IPAddressDeny"] == ["any"]
    assert gpu["DeviceAllow"] == ["char-alsa rw", "char-drm rw"]
    assert "MemoryDenyWriteExecute" not in gpu
    assert other["DeviceAllow"] == ["char-alsa rw"]


@pytest.mark.parametrize(
    ("glibc", "seconds", "grows"), [("2.36", 5.0, False), ("2.39", 5.0, True), ("2.41", 299.0, True), ("2.41", 300.0, False)]
)
def test_the_delay_between_starts_grows_where_systemd_knows_how(glibc, seconds, grows):
    target = replace(PLAIN, board=Board("aarch64", glibc=glibc), service=Service(restart_s=seconds))
    assert ("RestartSteps" in unit_of(target), "RestartMaxDelaySec" in unit_of(target)) == (grows, grows)


@pytest.mark.parametrize(
    ("folder", "home"), [("/home/pi/edge", "read-only"), ("/root/edge", "read-only"), ("/homes/edge", "yes")]
)
def test_a_release_in_a_home_can_be_read(folder, home):
    assert directives(unit_text(PLAIN, folder))["ProtectHome"] == [home]


def test_a_signature_is_checked_at_every_start():
    target = replace(PLAIN, require_signature=True)
    assert "--public-key=abc=" in unit_of(target, public_key="abc=")["ExecStart"][0].split()
    assert "--public-key" not in unit_of(PLAIN, public_key="abc=")["ExecStart"][0]
    with pytest.raises(ConfigError, match="public_key"):
        unit_text(target, target.folder)


@pytest.mark.parametrize(("kind", "command"), [("keywords", "listen"), ("speech", "transcribe")])
def test_the_device_takes_the_arguments_as_the_target_meant_them(kind, command):
    accelerator = Accelerator("/usr/lib/libx.so", {"a": "b=c", "d": ""}, fallback=True)
    settings = BoardSettings(
        "box",
        RunSpec("window", 3, "builtin", accelerator),
        AudioSpec("-1", 48000, 20.0),
        require_signature=True,
        public_key="k" * 43 + "=",
    )
    name, *words = listen_arguments(settings, kind, "/opt/a b/bundle")
    assert name == command
    assert command in COMMANDS
    args = parser_of(command).parse_args(words)
    assert args.bundle in (Path("/opt/a b/bundle"), [Path("/opt/a b/bundle")])
    assert (args.form, args.threads, args.kernels, args.public_key) == ("window", 3, "builtin", settings.public_key)
    assert accelerator_of(args) == accelerator
    assert (args.device, args.rate, args.chunk_ms, args.wait, args.json) == ("-1", 48000, 20.0, True, True)
    assert args.input in ("mic", ["mic"])


def test_what_a_target_leaves_open_is_left_to_the_device():
    words = listen_arguments(BoardSettings("box"), "keywords", "b")
    assert words == [
        "listen",
        "--bundle=b",
        "--input=mic",
        "--wait",
        "--json",
        "--threads=1",
        "--kernels=default",
        "--chunk-ms=80",
    ]


def parser_of(command):
    parser = argparse.ArgumentParser()
    importlib.import_module(f"edge_asr.cli.{command}").add_arguments(parser)
    return parser

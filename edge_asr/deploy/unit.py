"""A systemd unit from a target: what the service may touch, what it may cost, and when it is started again.

Directives are those of systemd 252 (Debian 12); an older one leaves out what it does not know, and says so in its log.
The words are systemd.exec(5)'s and systemd.service(5)'s.
"""

from __future__ import annotations

import re

from edge_asr.bundle.manifest import Kind
from edge_asr.deploy.command import listen_arguments
from edge_asr.deploy.target import Target
from edge_asr.errors import ConfigError
from edge_asr.runtime.accelerator import EDGETPU, GPU

START_SECONDS = 90
"""From the start to the first audio, with the wait for a microphone that is not plugged in yet."""
WATCHDOG_SECONDS = 30
"""Without audio for so long, the service is started anew. A microphone that comes back sooner is opened again without that."""
STOP_SECONDS = 10
STARTS, STARTS_SECONDS = 30, 600
"""More starts than that in so many seconds, and it stays down; those that wait for a microphone are fewer."""
SLOWEST_RESTART_SECONDS = 300
GROWING_DELAY_GLIBC = (2, 39)
"""Systems with this C library have systemd 254 or newer, whose delay between starts can grow."""

_PLAIN = re.compile(r"[A-Za-z0-9_+=:,./@-]+")
_SANDBOX = """
UMask=0077
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
KeyringMode=private
LockPersonality=yes
PrivateMounts=yes
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
""".strip()
"""Of every target. Not here: ProcSubset=pid, for XNNPACK reads /proc/cpuinfo, and PrivateDevices, which hides sound cards."""


def unit_text(target: Target, folder: str, *, kind: Kind = "keywords", public_key: str = "") -> str:
    """The unit of the service that runs `folder`/current, a release with a bundle of that kind (`folder`: a path on the board).

    `public_key` is needed where the target requires signatures. Raises `ConfigError` when it is missing, and for text that no
    unit can hold.
    """
    if not folder.startswith("/") or set(folder) & set("\"'\\"):  # systemd runs no program of such a name
        raise ConfigError(f"expected a full path without quotes and backslashes on the board, found {folder!r:.80}")
    current = f"{folder}/current"
    words = listen_arguments(target.settings(public_key), kind, f"{current}/bundle")
    command = [quoted(f"{current}/edge-asr"), *(argument(word) for word in words)]
    sections = {
        "Unit": _unit(target),
        "Service": [
            *("Type=notify", "NotifyAccess=main", f"ExecStart={' '.join(command)}"),
            *_life(target),
            *_costs(target),
            *_user(target, folder),
            *_devices(target),
            *_network(target),
            _SANDBOX,
        ],
        "Install": ["WantedBy=multi-user.target"],
    }
    return "\n".join("\n".join([f"[{name}]", *lines, ""]) for name, lines in sections.items())


def quoted(text: str) -> str:
    """`text` as one word of a unit's line. Raises `ConfigError` for control characters, which no path or argument needs."""
    if not text.isprintable():
        raise ConfigError(f"expected printable text for the systemd unit, found {text!r:.80}")
    if _PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'


def argument(text: str) -> str:
    """`text` as an argument in `ExecStart=`, where `$` stands for a variable too."""
    return quoted(text).replace("$", "$$")


def _unit(target: Target) -> list[str]:
    online = ["Wants=network-online.target", "After=network-online.target"] if target.service.network else []
    return [
        f"Description=edge-asr, speech recognition ({target.name})",
        "After=sound.target",
        *online,
        f"StartLimitIntervalSec={STARTS_SECONDS}",
        f"StartLimitBurst={STARTS}",
    ]


def _life(target: Target) -> list[str]:
    glibc = tuple(int(part) for part in target.board.glibc.split("."))
    grows = glibc >= GROWING_DELAY_GLIBC and target.service.restart_s < SLOWEST_RESTART_SECONDS
    growing = ["RestartSteps=6", f"RestartMaxDelaySec={SLOWEST_RESTART_SECONDS}"] if grows else []
    return [
        "Restart=always",
        f"RestartSec={target.service.restart_s:g}",
        *growing,
        f"TimeoutStartSec={START_SECONDS}",
        f"TimeoutStopSec={STOP_SECONDS}",
        f"WatchdogSec={WATCHDOG_SECONDS}",
        "WatchdogSignal=SIGTERM",  # the default, SIGABRT, leaves a core file
    ]


def _costs(target: Target) -> list[str]:
    return [
        f"MemoryMax={target.service.memory_mb}M",
        "MemorySwapMax=0",
        f"CPUQuota={target.service.cpu_percent}%",
        "TasksMax=256",  # numpy may start a thread a core, and the model its own
    ]


def _user(target: Target, folder: str) -> list[str]:
    service = target.service
    home = "read-only" if folder.startswith(("/home/", "/root/")) else "yes"
    return [
        f"User={service.user}" if service.user else "DynamicUser=yes",
        *([f"SupplementaryGroups={' '.join(service.groups)}"] if service.groups else []),
        f"ProtectHome={home}",
        "Environment=PYTHONDONTWRITEBYTECODE=1",
    ]


def _devices(target: Target) -> list[str]:
    of_delegate = {EDGETPU: ("char-usb_device", "/dev/apex_0"), GPU: ("char-drm",)}
    delegate = target.run.accelerator.delegate
    devices = ("char-alsa", *of_delegate.get(delegate, ()))
    # A GPU's driver may compile for the CPU too.
    writable_code = [] if delegate == GPU else ["MemoryDenyWriteExecute=yes"]
    return ["DevicePolicy=closed", *(f"DeviceAllow={device} rw" for device in devices), *writable_code]


def _network(target: Target) -> list[str]:
    if target.service.network:
        return ["RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK"]
    if target.run.accelerator.delegate == EDGETPU:  # libusb hears of devices over netlink, from outside of a private network
        return ["RestrictAddressFamilies=AF_UNIX AF_NETLINK", "IPAddressDeny=any"]
    return ["RestrictAddressFamilies=AF_UNIX", "PrivateNetwork=yes", "IPAddressDeny=any"]

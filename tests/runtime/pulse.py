"""A PulseAudio server of the test's own, with a loudspeaker that nobody hears and a microphone that hears it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

NEEDED = {"pulseaudio": "pulseaudio", "pactl": "pulseaudio-utils", "paplay": "pulseaudio-utils"}
"""Programs, and the packages that have them."""
SINK = ("module-null-sink", "sink_name=speaker")


def missing_package() -> str | None:
    """The system package that must be installed before this works, if any."""
    for program, package in NEEDED.items():
        if shutil.which(program) is None:
            return package
    if not any(Path("/usr/lib").glob("**/alsa-lib/libasound_module_pcm_pulse.so")):
        return "libasound2-plugins"
    return None


class PulseServer:
    """PulseAudio with its files under `home`: no system bus, no session, no sound hardware; works as root."""

    def __init__(self, home: Path) -> None:
        self._script, alsa, client = home / "default.pa", home / "asound.conf", home / "client.conf"
        socket = home / "socket"
        self._script.write_text(
            f"load-module module-native-protocol-unix auth-anonymous=1 socket={socket}\nload-module {' '.join(SINK)}\n"
            "set-default-sink speaker\nset-default-source speaker.monitor\n"
        )
        alsa.write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
        client.write_text("autospawn = no\n")
        self.environment = {
            **os.environ,
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home),
            "XDG_CONFIG_HOME": str(home),
            "PULSE_SERVER": f"unix:{socket}",
            "PULSE_CLIENTCONFIG": str(client),
            "PULSE_LATENCY_MSEC": "20",
            "ALSA_CONFIG_PATH": str(alsa),
        }
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> PulseServer:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = ["pulseaudio", "-n", "-F", str(self._script), "--daemonize=no", "--exit-idle-time=-1"]
        command += ["--use-pid-file=no", "--disable-shm=yes"]
        self._process = subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 120
        while time.monotonic() < until:
            if self.call("pactl", "info").returncode == 0:
                return
            time.sleep(0.05)
        raise AssertionError("PulseAudio does not start")

    def stop(self) -> None:
        """Kill it, as a crash would."""
        self._process.kill()
        self._process.wait()

    def call(self, *command: object, **variables: str) -> subprocess.CompletedProcess:
        """Run a client of it."""
        environment = {**self.environment, **variables}
        return subprocess.run([*map(str, command)], env=environment, capture_output=True, text=True, timeout=120)

    def unplug(self) -> None:
        """Take loudspeaker and microphone away."""
        assert self.call("pactl", "unload-module", SINK[0]).returncode == 0

    def plug_in(self) -> None:
        """Bring them back."""
        assert self.call("pactl", "load-module", *SINK).returncode == 0

    def play(self, wav: Path) -> None:
        """Play a file to its end, seconds of it at once, so that a player which is late makes no gap."""
        done = self.call("paplay", wav, PULSE_LATENCY_MSEC="2000")
        assert done.returncode == 0, done.stderr

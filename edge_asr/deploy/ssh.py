"""An SSH connection to a board: known hosts only, keys only, and each failure in one sentence."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
from typing import Any

from edge_asr.errors import DeployError

CONNECT_LIMIT_S = 15
SYSTEM_HOSTS = "/etc/ssh/ssh_known_hosts"


def open_connection(host: str) -> Any:
    """An open `fabric.Connection` to `host`: `user@name:port`, or a name in `~/.ssh/config`.

    The host's key must be in `~/.ssh/known_hosts` or the system's file, and so must each jump host's. Login keys come from
    `~/.ssh`, the configuration or ssh-agent; nothing is asked for, and the agent is not forwarded.
    Raises `DeployError`, which names the host and says what to do.
    """
    fabric, paramiko = _libraries()
    limits = dict.fromkeys(("banner_timeout", "auth_timeout", "channel_timeout"), CONNECT_LIMIT_S)
    try:
        connection = fabric.Connection(host, forward_agent=False, connect_timeout=CONNECT_LIMIT_S, connect_kwargs=limits)
        hop = connection
        while isinstance(hop, fabric.Connection):
            _check_host_key(hop.client, f"{hop.user}@{hop.host}", hop.port, paramiko)
            hop = hop.gateway
        connection.open()
    except paramiko.BadHostKeyException as err:
        raise DeployError(_changed_key(host, err)) from err
    except paramiko.AuthenticationException as err:
        raise DeployError(
            f"{host}: log in: expected that a key of this user is accepted, found: {err}; passwords are not used: "
            f"`ssh-copy-id {host}` puts your key there, `ssh-add` unlocks one that has a passphrase"
        ) from err
    except (paramiko.SSHException, OSError, EOFError, ValueError) as err:
        raise DeployError(f"{host}: connect: {err or type(err).__name__}; is the board on, and does `ssh {host}` work?") from err
    connection.transport.set_keepalive(CONNECT_LIMIT_S)
    return connection


def _libraries() -> tuple[Any, Any]:
    try:
        import fabric
        import paramiko
    except ImportError as err:
        raise DeployError(f"deploying needs fabric, which is not installed ({err}): pip install 'edge-asr[deploy]'") from err
    logging.getLogger("paramiko").addHandler(logging.NullHandler())  # what it logs is in the error that it raises
    return fabric, paramiko


def _check_host_key(client: Any, login: str, port: int, paramiko: Any) -> None:
    class Refuse(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]
        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
            where = "" if port == 22 else f"-p {port} "
            raise DeployError(
                f"{login}: connect: the host {hostname} is not in ~/.ssh/known_hosts. It shows a key with the fingerprint "
                f"{_fingerprint(key)} ({key.get_name()}); compare that with what the board says "
                f"(ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub), then add it: ssh {where}{login} true"
            )

    client.load_system_host_keys()
    with contextlib.suppress(OSError):
        client.load_system_host_keys(SYSTEM_HOSTS)
    client.set_missing_host_key_policy(Refuse())


def _changed_key(host: str, err: Any) -> str:
    return (
        f"{host}: connect: THE HOST'S KEY HAS CHANGED: expected the fingerprint {_fingerprint(err.expected_key)}, found "
        f"{_fingerprint(err.key)}. Somebody may be in between, or the board was set up anew; nothing was sent. Only if you know "
        f"why it changed: ssh-keygen -R '{err.hostname}', then ssh {host} once, and compare the fingerprint"
    )


def _fingerprint(key: Any) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")

"""An SSH connection to a board: known hosts only, keys only, and each failure in one sentence."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
from collections.abc import Iterator
from typing import Any

from edge_asr.errors import DeployError

CONNECT_LIMIT_S = 15
SYSTEM_HOSTS = "/etc/ssh/ssh_known_hosts"


@contextlib.contextmanager
def open_connection(host: str) -> Iterator[Any]:
    """A connection to `host` as a `paramiko.Transport`. `host`: `user@name:port`, or a name in `~/.ssh/config`.

    The host's key must be in `~/.ssh/known_hosts` or the system's file, and so must each jump host's. Login keys come from
    `~/.ssh`, the configuration or ssh-agent; nothing is asked for, and the agent is not forwarded.
    Raises `DeployError`, which names the host and says what to do.
    """
    fabric, paramiko = _libraries()
    limits = dict.fromkeys(("banner_timeout", "auth_timeout", "channel_timeout"), CONNECT_LIMIT_S)
    with contextlib.ExitStack() as open_clients:
        try:
            connection = fabric.Connection(host, forward_agent=False, connect_timeout=CONNECT_LIMIT_S, connect_kwargs=limits)
            hop = connection
            while isinstance(hop, fabric.Connection):
                open_clients.callback(hop.client.close)
                hop.client.set_missing_host_key_policy(_refusing(paramiko, host, f"{hop.user}@{hop.host}", hop.port))
                _load_known_hosts(hop.client)
                hop = hop.gateway
            connection.open()
        except (paramiko.SSHException, OSError, EOFError, ValueError) as err:
            raise DeployError(_explained(host, err, paramiko)) from err
        connection.transport.set_keepalive(CONNECT_LIMIT_S)
        yield connection.transport


def _explained(host: str, err: Exception, paramiko: Any) -> str:
    if isinstance(err, paramiko.BadHostKeyException):
        return _changed_key(host, err)
    if isinstance(err, paramiko.AuthenticationException):
        return (
            f"{host}: log in: expected that a key of this user is accepted, found: {err}; passwords are not used: "
            f"`ssh-copy-id {host}` puts your key there, `ssh-add` unlocks one that has a passphrase"
        )
    return f"{host}: connect: {str(err) or type(err).__name__}; is the board on, and does `ssh {host}` work?"


def _libraries() -> tuple[Any, Any]:
    try:
        import fabric
        import paramiko
    except ImportError as err:
        raise DeployError(f"deploying needs fabric, which is not installed ({err}): pip install 'edge-asr[deploy]'") from err
    logging.getLogger("paramiko").addHandler(logging.NullHandler())  # what it logs is in the error that it raises
    return fabric, paramiko


def _load_known_hosts(client: Any) -> None:
    client.load_system_host_keys()
    with contextlib.suppress(OSError):
        client.load_system_host_keys(SYSTEM_HOSTS)


def _refusing(paramiko: Any, host: str, login: str, port: int) -> Any:
    class Refuse(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]
        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
            where = "" if port == 22 else f"-p {port} "
            raise DeployError(
                f"{host}: connect: the host {hostname} is not in ~/.ssh/known_hosts. It shows a key with the fingerprint "
                f"{_fingerprint(key)} ({key.get_name()}); compare that with what the board says "
                f"(ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub), then add it: ssh {where}{login} true"
            )

    return Refuse()


def _changed_key(host: str, err: Any) -> str:
    return (
        f"{host}: connect: THE HOST'S KEY HAS CHANGED: expected the fingerprint {_fingerprint(err.expected_key)}, found "
        f"{_fingerprint(err.key)}. Somebody may be in between, or the board was set up anew; nothing was sent. Only if you know "
        f"why it changed: ssh-keygen -R '{err.hostname}', then ssh {host} once, and compare the fingerprint"
    )


def _fingerprint(key: Any) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")

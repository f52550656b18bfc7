"""What the service wrote on a board."""

from __future__ import annotations

from edge_asr.deploy.connection import Board
from edge_asr.deploy.deploy import Connect
from edge_asr.deploy.target import Target


def read_logs(target: Target, host: str, lines: int, *, connect: Connect = Board) -> str:
    """The last `lines` of the service in the board's journal. Raises `DeployError` when they can't be had."""
    with connect(host, target.folder) as board:
        return str(board.call("logs", name=target.service.name, lines=lines)["text"])

"""What runs on a board while a release is put there: the standard library of Python 3.9 or newer, and never installed.

The workstation sends these files over SSH (`deploy/send_agent.py`) and keeps their stdin and stdout: each line on stdin is a
request, `{"request": NAME, ...}`, and each line on stdout its answer, `{"ok": {...}}` or `{"error": TEXT}`; `append` is
followed by its bytes. The agent ends with the connection, and its lock with it. Below the board's folder:

    current -> releases/<id>      what runs; renamed over, never written to
    releases/<id>/                whole and verified; <id>.part is one in the making
    incoming/<sha256>.part        an archive on its way; <sha256> is one that is here
    .lock                         who is deploying

The modules import each other relatively, because on the board they are not below `edge_asr`.
"""

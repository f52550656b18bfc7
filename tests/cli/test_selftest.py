"""`edge-asr selftest` as a person and as the deploying workstation run it."""

from __future__ import annotations

import json

from tests.cli.command import run
from tests.runtime.tone_release import tone_release


def test_a_line_a_check_and_the_status_says_whether_all_is_well(tmp_path, tiny_bundle):
    release = tone_release(tmp_path / "a release", tiny_bundle)
    good = run("selftest", "--release", release.path, "--no-budgets", "--exact")
    assert (good.returncode, good.stderr) == (0, "")
    assert [line.split()[:2] for line in good.stdout.splitlines()] == [["ok", "files"], ["ok", "doctor"], ["ok", "clip"]]
    (release.path / "added").write_bytes(b"")
    bad = run("selftest", "--release", release.path, "--no-budgets")
    assert bad.returncode == 1
    first, advice = bad.stdout.splitlines()
    assert first.startswith("failed   files ")
    assert advice.strip() == "deploy the release again"


def test_machines_get_every_check_with_its_measurements(tmp_path, tiny_bundle):
    release = tone_release(tmp_path / "release", tiny_bundle)
    done = run("selftest", "--release", release.path, "--json")
    checks = json.loads(done.stdout)
    assert done.returncode == 0
    assert all(set(check) == {"name", "status", "found", "advice"} for check in checks)
    names = ["files", "doctor", "clip", "budget cpu", "budget step", "budget memory", "budget bundle", "start-up"]
    assert [check["name"] for check in checks] == names


def test_outside_of_a_release_one_must_be_named():
    done = run("selftest")
    assert done.returncode == 2
    assert done.stderr.startswith("edge-asr: error: edge-asr does not run from a release here; name one:")

"""Progress where there is no terminal: few lines, the first and the last among them."""

from __future__ import annotations

import pytest

from edge_asr.training import console


@pytest.mark.parametrize(
    ("what", "name"),
    [("epoch 3 of 9: loss 0.4", "epoch"), ("features", "features"), ("teacher broad", "teacher broad"), ("9 lives", "9 lives")],
)
def test_a_bar_is_named_by_what_does_not_change(what: str, name: str):
    assert console.title(what) == name


def test_a_log_says_the_first_and_the_last_step(capsys: pytest.CaptureFixture[str]):
    with console.progress_bars() as progress:
        for epoch in range(1, 51):
            progress(f"epoch {epoch} of 50: loss 0.5", epoch, 50)
        progress("converting", 0, 0)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["epoch 1 of 50: loss 0.5 (1 of 50)", "epoch 50 of 50: loss 0.5 (50 of 50)", "converting"]


def test_a_terminal_gets_one_bar_a_thing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with console.progress_bars() as progress:
        progress("epoch 1 of 2: loss 0.5", 1, 2)
        progress("epoch 2 of 2: loss 0.4", 2, 2)
    shown = capsys.readouterr().err
    assert "epoch 2 of 2: loss 0.4" in shown
    assert "2/2" in shown

"""Features and tokens of utterances of any length: what a recogniser's training reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge_asr.data.clips import LeftOut

if TYPE_CHECKING:
    from edge_asr.data.tokens import Tokens


@dataclass(frozen=True)
class SpeechTable:
    """One split. A row is one copy of one utterance."""

    features: NDArray[np.float16]
    """(frames of all rows, features), a memory map."""
    starts: NDArray[np.int64]
    """(rows + 1,): row i has the frames from starts[i] to starts[i + 1]."""
    tokens: NDArray[np.int32]
    """The rows' tokens, one after the other."""
    token_starts: NDArray[np.int64]
    """(rows + 1,), likewise."""
    ids: tuple[str, ...]
    """Of the rows: the utterance's id, `#` and the number of the copy; 0 is as it was recorded."""
    texts: tuple[str, ...]

    def __len__(self) -> int:
        """Rows."""
        return len(self.ids)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(rows,): frames of each."""
        return np.diff(self.starts)

    def frames_of(self, row: int) -> NDArray[np.float16]:
        """(frames, features) of one row."""
        return self.features[self.starts[row] : self.starts[row + 1]]

    def tokens_of(self, row: int) -> NDArray[np.int32]:
        """(tokens,) of one row, without blanks."""
        return self.tokens[self.token_starts[row] : self.token_starts[row + 1]]


@dataclass(frozen=True)
class PreparedSpeech:
    """What training needs."""

    train: SpeechTable
    validation: SpeechTable
    test: SpeechTable
    tokens: Tokens
    summary: str
    """Rows of each split, where they come from, and what was left out."""
    left_out: tuple[LeftOut, ...] = ()

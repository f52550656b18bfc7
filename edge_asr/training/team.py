"""Training on several machines: each works on its share of every batch, and all take the same step (synchronous SGD).

`tf.distribute.MultiWorkerMirroredStrategy` behind a small face; one process alone does without it, on any Keras backend.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import numpy as np

from edge_asr.errors import TrainingError
from edge_asr.training.workers import Workers


class Team:
    """The processes that train together, seen from one of them."""

    def __init__(self, workers: Workers | None = None) -> None:
        """Join the others and wait for them; None: this process is alone. To be made before TensorFlow runs anything else.

        Raises `TrainingError` when they can't be joined, and on a Keras backend other than TensorFlow.
        """
        together = workers or Workers()
        self.index, self.count = together.index, together.count
        self._strategy = None if self.count == 1 else _strategy(together)

    @property
    def is_chief(self) -> bool:
        """Whether this process validates and writes the run folder."""
        return self.index == 0

    def scope(self) -> AbstractContextManager[Any]:
        """What variables are made in that all processes have equal copies of."""
        return nullcontext() if self._strategy is None else self._strategy.scope()

    def synchronize_norms(self, network: keras.Model) -> None:
        """Let batch normalisation see whole batches, not shares."""
        for layer in network.layers:
            if self.count > 1 and isinstance(layer, keras.layers.BatchNormalization):
                layer.synchronized = True

    def run(self, step: Callable[..., Any], *args: Any) -> Any:
        """`step(*args)` in every process at once. Raises `TrainingError` when another one is gone."""
        strategy = self._strategy
        return step(*args) if strategy is None else _together(lambda: strategy.run(step, args=args))

    def from_chief(self, content: bytes) -> bytes:
        """The chief's `content`, in every process."""
        if self._strategy is None:
            return content
        length = int(self._sum(np.array(len(content) * self.is_chief, np.int64)))
        mine = np.frombuffer(content, np.uint8).astype(np.int32) if self.is_chief else np.zeros(length, np.int32)
        return self._sum(mine).astype(np.uint8).tobytes() if length else b""

    def _sum(self, values: Any) -> Any:
        """The sum of all processes' `values`, of one shape."""
        import tensorflow as tf

        @tf.function  # type: ignore[untyped-decorator,misc,unused-ignore]
        def total(value: Any) -> Any:
            return sum_over_workers(value)

        return self.run(total, tf.constant(values)).numpy()


def sum_over_workers(value: Any) -> Any:
    """Within a step: the sum of the `value` of every process, a tensor; of one alone, its own."""
    import tensorflow as tf

    # The identity: an argument of a compiled step is on no device yet, and that is refused.
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(value))


def _strategy(workers: Workers) -> Any:
    if keras.backend.backend() != "tensorflow":
        raise TrainingError(f"several workers train on Keras' TensorFlow backend, found KERAS_BACKEND={keras.backend.backend()}")
    import tensorflow as tf

    cluster = tf.train.ClusterSpec({"worker": list(workers.addresses)})
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        cluster, task_type="worker", task_id=workers.index, rpc_layer="grpc"
    )
    return _together(lambda: tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver))


def _together(work: Callable[[], Any]) -> Any:
    import tensorflow as tf

    try:
        return work()
    except (tf.errors.OpError, RuntimeError) as err:
        raise TrainingError(
            "the workers could not go on together, is one of them gone? Start all again with --resume. "
            f"TensorFlow says: {err!s:.300}"
        ) from err

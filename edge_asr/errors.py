"""Every error that this package raises on purpose.

    EdgeAsrError
    ├── ConfigError        a recipe, target or --set value
    ├── AudioError         an audio file, stream or device
    ├── DataError          a data set: nothing usable, labels missing, a download that does not fit its hash
    ├── BundleError        a bundle that is damaged, too new, or not what its manifest says
    ├── InterpreterError   no interpreter, or a model that it refuses
    │   └── DelegateError  a delegate that can't load or run
    ├── TrainingError      a run folder that can't be resumed, a loss that is not finite
    ├── ConversionError    a model that can't be made int8
    ├── SynthesisError     no speech synthesiser, or one that failed
    ├── ExportError        a model that an accelerator's compiler refuses, or that can't be looked into
    └── DeployError        a release that can't be made, sent or switched to, or is damaged

A message says what was expected, what was found, and what to do about it. The command line prints it on one line and
exits with 2; anything else that reaches the command line is a bug and shows its traceback.
"""


class EdgeAsrError(Exception):
    """Base of all errors raised on purpose."""


class ConfigError(EdgeAsrError):
    """A recipe, target or `--set` value is wrong. Names the file, the key and what is allowed."""


class AudioError(EdgeAsrError):
    """Audio can't be read, or is not what was asked for (rate, channels, range, NaN)."""


class DataError(EdgeAsrError):
    """A data set is missing, holds nothing usable, or a download does not fit its hash."""


class BundleError(EdgeAsrError):
    """A bundle is damaged, too new, or its files do not fit its manifest."""


class InterpreterError(EdgeAsrError):
    """No TFLite interpreter is installed, or it refuses the model."""


class DelegateError(InterpreterError):
    """A delegate can't be loaded or can't run the model."""


class TrainingError(EdgeAsrError):
    """Training can't start, resume or go on."""


class ConversionError(EdgeAsrError):
    """A model can't be converted to int8."""


class SynthesisError(EdgeAsrError):
    """The speech synthesiser is missing or failed."""


class ExportError(EdgeAsrError):
    """A model can't be looked into, or an accelerator's compiler is missing, refuses it or fails."""


class DeployError(EdgeAsrError):
    """A release can't be made, sent or switched to, or is damaged. Names the step, and the host where there is one."""

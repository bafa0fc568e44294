"""Whether a device can still be used after an error."""

import torch

_SAID = ("CUDA error", "cuDNN error")


def is_lost(error: Exception) -> bool:
    """Whether an error of torch means that this process cannot use its CUDA device any more.

    After an illegal access, a failed assertion or the loss of the device every further call fails
    as well, whatever it is given. Running out of memory is not such an error.
    """
    if isinstance(error, torch.OutOfMemoryError):
        return False
    accelerator = getattr(torch, "AcceleratorError", None)  # since 2.8
    return ((accelerator is not None and isinstance(error, accelerator))
            or (isinstance(error, RuntimeError) and any(said in str(error) for said in _SAID)))

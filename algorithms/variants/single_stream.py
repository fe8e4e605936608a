"""Single-stream policy optimization: a value for each prompt, tracked over training, in place of a group.

    A = (R - v(x) - mean) / std over the batch,    W <- 0.9 W + n, v <- v + n / W (mean R - v), when x is met n times

No group is needed, so every text of a batch may have a prompt of its own, and none is lost because its group agrees. v is
from earlier rollouts only. A new prompt has the mean of all. The source lets old results fade by the KL since; here by a
constant.

Source: Xu and Ding (2025), Single-stream policy optimization, arXiv 2509.13232, section 3; constant fading as in verl-
recipe.
"""

from algorithms.estimators.advantage_scale import Deviation
from algorithms.estimators.baselines.prompt_values import PromptValue
from algorithms.training_config import Episodes
from algorithms.variant import Promises
from algorithms.variants import reinforce

VARIANT = reinforce.VARIANT.rung(
    "single_stream",
    "minus a tracked value of the prompt, whitened over the batch; no groups",
    needs={
        "scale": Deviation("batch", of="advantages", centre=True, least=1e-8),
        "fixed": (("collection", Episodes(envs=64, group=1)),),
    },
    promises=Promises(shift_invariant=True, scale_free=True),
    baseline=PromptValue(keep=0.9),
    shown_as="Single-stream PO",
)

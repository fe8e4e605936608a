"""On-policy distillation of whole texts: the student writes, and each word pays the log ratio of the teacher to it.

    A_t = sum_{k>=t} x_k - mean of the group's others at t,    x_k = log teacher(a_k|s_k) - log pi(a_k|s_k)

The mean gradient is that of -KL(pi || teacher), over whole texts: a token is credited with its effect on later ones. On
a task with a beta the teacher is the optimum of J, and this is grad J / beta: distillation ascends what the
reward ascends, with a signal at every token. The rewards of the task are not read. Tasks that can be listed.

Source: Gu et al. (2024), MiniLLM, arXiv 2306.08543, equations 1 and 3, without its mixed sampling and length normalisation;
the teacher is the task's softened optimum (docs/decisions/0074-the-optimum-as-a-teacher.md).
"""

from algorithms.estimators.kl_penalty import Teacher
from algorithms.variant import Promises
from algorithms.variants import baseline_loo

VARIANT = baseline_loo.VARIANT.rung(
    "distil_sequence",
    "paid by the log ratio of the optimal policy to its own, summed to the text's end (tasks that can be listed)",
    promises=Promises(factor="one"),
    teacher=Teacher(),
    shown_as="Distillation of texts",
)

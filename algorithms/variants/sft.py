"""Supervised fine-tuning: maximum likelihood of demonstrations, here the best by gold of four texts a prompt.

    loss = - mean over texts of 1/T sum_t log pi(a_t | s_t)

Source: Ouyang et al. (2022), Training language models to follow instructions, section 3.5.
"""

from algorithms.references.labelled import Imitation

REFERENCE = Imitation(
    name="sft", summary="imitates the best of four texts by gold, for 256 prompts", judge="gold", shown_as="SFT"
)

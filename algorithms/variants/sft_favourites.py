"""Supervised fine-tuning on favourites: maximum likelihood of the best of four texts a prompt by what the task pays.

One round of expert iteration: texts of the policy that training begins with, and a reward model in the place of people.

Source: Dong et al. (2023), RAFT, algorithm 1, with one round.
"""

from algorithms.references.labelled import Imitation

REFERENCE = Imitation(
    name="sft_favourites",
    summary="imitates the best of four texts by what the task pays, for 256 prompts",
    judge="paid",
    shown_as="SFT on favourites",
)

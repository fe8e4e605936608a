"""Which functions of other libraries are examined, with their settings and what they promise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

VERL = "verl.trainer.ppo.core_algos"
VALUES, LOSSES = "torchrl.objectives.value.functional", "torchrl.objectives"
TEXTS = "torchrl.objectives.llm"
SCORES, LOSS = "_generate_and_score_completions", "_compute_loss"


@dataclass(frozen=True)
class Cell:
    """One function of a library.

    promises  what it is held to beyond the rules: properties, `gradient`, or variants of ours
    """

    module: str
    function: str
    promises: tuple[str, ...] = ()
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def library(self) -> str:
        """The package that holds it."""
        return self.module.partition(".")[0]

    @property
    def name(self) -> str:
        """As `examine` takes it."""
        return f"{self.module}::{self.function}"

    @property
    def settings(self) -> str:
        """Its settings as `--given` takes them."""
        return ",".join(f"{name}={value}" for name, value in self.given.items())


def _verl(function: str, *promises: str, **given: Any) -> Cell:
    return Cell(VERL, f"compute_{function}", promises, given)


def _trl(method: str, *promises: str, **given: Any) -> Cell:
    return Cell("trl", method, promises, given)


GRPO, RLOO = "GRPOTrainer", "RLOOTrainer"
CELLS = (
    _trl(f"{GRPO}.{SCORES}", "groups", "shift", "scale_free", "like_trl_grpo"),
    _trl(f"{GRPO}.{SCORES}", "shift", "scale_free", scale_rewards="batch"),
    _trl(f"{GRPO}.{SCORES}", "groups", "shift", "linear", "gradient", "dr_grpo", scale_rewards="none"),
    _trl(f"{GRPO}.{SCORES}", "shift", "scale_free", multi_objective_aggregation="normalize_then_sum"),
    _trl(f"{RLOO}.{SCORES}", "groups", "shift", "linear", "gradient", "rloo"),
    _trl(f"{RLOO}.{SCORES}", "shift", "scale_free", normalize_advantages=True),
    _trl(f"{GRPO}.{LOSS}", "texts", "sequence", "grpo", loss_type="grpo"),
    _trl(f"{GRPO}.{LOSS}", "texts", "token", "grpo", loss_type="bnpo"),
    _trl(f"{GRPO}.{LOSS}", "texts", "constant", "grpo", loss_type="dr_grpo"),
    _trl(f"{GRPO}.{LOSS}", "texts", "token", "dapo", loss_type="dapo", epsilon_high=0.28),
    _trl(f"{GRPO}.{LOSS}", "texts", "token", "cispo", loss_type="cispo", epsilon_high=5.0),
    _trl(f"{GRPO}.{LOSS}", "texts", "sequence", "sapo", loss_type="sapo"),
    _trl(f"{GRPO}.{LOSS}", "texts", "token", "vespo", loss_type="vespo"),
    _trl(f"{GRPO}.{LOSS}", "texts", "sequence", loss_type="grpo", importance_sampling_level="sequence"),
    _trl(f"{GRPO}.{LOSS}", "texts", loss_type="luspo", importance_sampling_level="sequence"),
    _trl(f"{GRPO}.{LOSS}", "texts", "sequence", loss_type="grpo", delta=1.5),
    _trl(f"{GRPO}.{LOSS}", "texts", "sequence", loss_type="grpo", off_policy_mask_threshold=0.01),
    _trl(f"{RLOO}.{LOSS}", "texts", "episode", "like_trl_rloo"),
    Cell("trl.experimental.gmpo", f"GMPOTrainer.{LOSS}", ("texts", "sequence", "gmpo")),
    _trl(GRPO, loss_type="dapo"),
    _trl(GRPO, loss_type="grpo"),
    _trl(RLOO, "gradient"),
    _verl("gae_advantage_return", "scale_free", "like_sb3_ppo"),
    _verl("grpo_outcome_advantage", "groups", "shift", "scale_free", "like_verl_grpo"),
    _verl("grpo_outcome_advantage", "groups", "shift", "linear", "gradient", norm_adv_by_std_in_grpo=False),
    _verl("grpo_vectorized_outcome_advantage", "groups", "shift", "scale_free", "like_verl_grpo"),
    _verl("gdpo_outcome_advantage", "shift", "scale_free"),
    _verl("grpo_passk_outcome_advantage", "groups", "shift"),
    _verl("reinforce_plus_plus_outcome_advantage", "scale_free"),
    _verl("reinforce_plus_plus_baseline_outcome_advantage", "shift", "scale_free"),
    _verl("rloo_outcome_advantage", "groups", "shift", "linear", "gradient", "rloo"),
    _verl("rloo_vectorized_outcome_advantage", "groups", "shift", "linear", "gradient", "rloo"),
    _verl("opo_outcome_advantage", "groups", "shift", "linear", "opo"),
    _verl("remax_outcome_advantage", "texts", "shift", "linear", "gradient"),
    _verl("gpg_outcome_advantage", "shift", "gradient"),
    _verl("optimal_token_baseline_advantage", "groups", "linear"),
    _verl("multi_turn_optimal_token_baseline_advantage", "groups", "linear"),
    _verl("policy_loss_vanilla", "texts", "token", "like_verl_grpo"),
    _verl("policy_loss_vanilla", "texts", "sequence", "like_verl_grpo", loss_agg_mode="seq-mean-token-mean"),
    _verl("policy_loss_vanilla", "texts", "episode", "like_verl_grpo", loss_agg_mode="seq-mean-token-sum"),
    _verl("policy_loss_vanilla", "texts", "constant", "like_verl_grpo", loss_agg_mode="seq-mean-token-sum-norm"),
    _verl("policy_loss_dppo_tv", "texts", "token"),
    _verl("policy_loss_dppo_kl", "texts", "token"),
    _verl("policy_loss_gspo", "texts", "sequence"),
    _verl("policy_loss_sapo", "texts", "sequence", "sapo"),
    _verl("policy_loss_gpg", "texts", "token", "reinforce"),
    _verl("policy_loss_clip_cov", "token"),
    _verl("policy_loss_kl_cov", "token"),
    _verl("policy_loss_geo_mean", "texts", "sequence"),
    _verl("policy_loss_dro", "texts", "token", dro_beta=0.1),
    _verl("policy_loss_cispo", "texts", "token"),
    _verl("value_loss", "token", cliprange_value=0.5),
    Cell(VALUES, "generalized_advantage_estimate", ("texts", "linear", "gradient", "gae")),
    Cell(VALUES, "vec_generalized_advantage_estimate", ("texts", "linear", "gradient", "gae")),
    Cell(VALUES, "td0_advantage_estimate", ("texts", "linear", "gradient")),
    Cell(VALUES, "td1_advantage_estimate", ("texts", "linear", "gradient", "a2c")),
    Cell(VALUES, "vec_td1_advantage_estimate", ("texts", "linear", "gradient", "a2c")),
    Cell(VALUES, "td_lambda_advantage_estimate", ("texts", "linear", "gradient", "gae")),
    Cell(VALUES, "vec_td_lambda_advantage_estimate", ("texts", "linear", "gradient", "gae")),
    Cell(VALUES, "vtrace_advantage_estimate", ("texts", "linear", "gradient", "impala")),
    Cell(VALUES, "reward2go", ("texts", "linear", "gradient", "reward_to_go")),
    Cell(LOSSES, "ClipPPOLoss", ("texts", "token", "ppo")),
    Cell(LOSSES, "PPOLoss", ("texts", "token", "npg")),
    Cell(LOSSES, "A2CLoss", ("texts", "token", "a2c")),
    Cell(LOSSES, "ReinforceLoss", ("texts", "token", "reinforce")),
    Cell(TEXTS, "MCAdvantage", ("groups", "shift", "scale_free", "like_verl_grpo"), {"trajectory_return": "sum"}),
    Cell(TEXTS, "MCAdvantage", ("groups", "scale_free")),
    Cell(TEXTS, "GRPOLoss", ("texts", "token", "grpo")),
    Cell(TEXTS, "GRPOLoss", ("texts", "sequence", "grpo"), {"aggregation": "prompt_mean"}),
    Cell(TEXTS, "DAPO", ("texts", "token", "grpo")),  # GRPOLoss by another name, until it is given two clips
    Cell(TEXTS, "CISPOLoss", ("texts", "token")),
)

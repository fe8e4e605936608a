"""TRL's GRPOTrainer on a text task, from a random model of two layers whose tokens are words.

Run by test_trl.py in the environment of TRL: task, updates -> the scores of 256 fresh texts before and after, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile

os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TRL_EXPERIMENTAL_SILENCE="1")

import datasets
import torch
import transformers
import trl
from tokenizers import Tokenizer, models, pre_tokenizers

from envs.exports.text_game import TextGame

GAME, UPDATES = TextGame(sys.argv[1]), int(sys.argv[2])
TEXTS, GROUP, FRESH = 64, 8, 256
ROWS = [{**row, "prompt": row["prompt"].splitlines()[-1]} for row in GAME.prompts(2_000)]  # its words alone


def tokenizer() -> transformers.PreTrainedTokenizerFast:
    """A token for each word of the prompts and of the actions."""
    words = sorted({*GAME.words, *(word for row in ROWS for word in row["prompt"].split())})
    table = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(["<pad>", "<end>", *words])}, unk_token="<pad>")
    )
    table.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=table, pad_token="<pad>", eos_token="<end>", padding_side="left"
    )


def main() -> None:
    """Train, and score texts before and after."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    words = tokenizer()
    config = transformers.LlamaConfig(
        vocab_size=len(words), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=64, pad_token_id=0, eos_token_id=1, bos_token_id=None,
    )  # fmt: skip
    model = transformers.LlamaForCausalLM(config)

    def scores(seed: int) -> float:
        rows = [{**row, "prompt": row["prompt"].splitlines()[-1]} for row in GAME.prompts(FRESH, first_seed=10_000)]
        batch = words([row["prompt"] for row in rows], return_tensors="pt", padding=True, return_token_type_ids=False)
        torch.manual_seed(seed)
        written = model.generate(**batch, do_sample=True, max_new_tokens=GAME.mdp.horizon, top_k=0)
        texts = words.batch_decode(written[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
        returns = GAME.rewards(texts, seed=[row["seed"] for row in rows])
        return GAME.score(sum(returns) / len(returns))

    before = scores(1)
    with tempfile.TemporaryDirectory() as folder:
        settings = trl.GRPOConfig(
            output_dir=folder, per_device_train_batch_size=TEXTS, num_generations=GROUP, max_steps=UPDATES,
            max_completion_length=GAME.mdp.horizon, learning_rate=3e-3, seed=0, use_cpu=True, bf16=False,
            gradient_checkpointing=False, save_strategy="no", logging_strategy="no", report_to="none", disable_tqdm=True,
        )  # fmt: skip
        trainer = trl.GRPOTrainer(
            model=model, reward_funcs=GAME.rewards, args=settings, train_dataset=datasets.Dataset.from_list(ROWS),
            processing_class=words,
        )  # fmt: skip
        trainer.train()
    print(json.dumps({"before": before, "after": scores(1)}))


if __name__ == "__main__":
    main()

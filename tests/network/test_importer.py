import io
import pickle
import random
import shutil

import pytest
import torch
import yaml

from bossnet.errors import WeightsError
from bossnet.network import APOGEE, BOSS
from bossnet.network.architecture import Architecture, BossNet
from bossnet.network.frozen import load, read_card
from bossnet.network.importer import import_file, import_folder
from network.made import TINY


@pytest.fixture
def folder(tmp_path):
    """A published folder, made here: the state dict of a tiny network in ten chunks."""
    torch.manual_seed(3)
    module = BossNet(Architecture(**TINY))
    stream = io.BytesIO()
    torch.save(module.state_dict(), stream)
    path = tmp_path / "published"
    path.mkdir()
    write_chunks(path, stream.getvalue())
    arguments = {**module.architecture.as_dict(), "in_channels": 1, "pos_enc": True}
    (path / "model_args.yaml").write_text(yaml.safe_dump(arguments))
    return path


def write_chunks(path, data):
    size = -(-len(data) // 10)
    for i in range(10):
        (path / f"model_chunk_{i}").write_bytes(data[i * size:(i + 1) * size])


def test_a_published_folder_becomes_one_file_with_its_card(folder, tmp_path):
    out = tmp_path / "net.safetensors"
    card = import_folder(folder, BOSS, name="net", out=out)
    frozen = load(out)
    assert frozen.card == card
    assert card.label_std == [0.9, 0.1, 0.5, 60.9]
    assert card.parameters == ["logg", "logTeff", "FeH", "rv"]
    assert card.status == "demonstration"
    torch.manual_seed(3)
    expected = BossNet(Architecture(**TINY)).eval()
    x = torch.randn(2, 1, 3900)
    assert torch.equal(frozen.module(x), expected(x))


def test_the_card_may_be_read_alone_and_a_file_imported_under_its_name(folder, tmp_path):
    first, second = tmp_path / "net.safetensors", tmp_path / "again.safetensors"
    card = import_folder(folder, BOSS, name="net", out=first)
    assert import_file(first, BOSS, name="net", out=second) == card == read_card(second)
    with pytest.raises(WeightsError, match="--name net"):
        import_file(first, BOSS, name="other", out=second)


def test_the_wrong_kind_is_refused(folder, tmp_path):
    with pytest.raises(WeightsError, match="4 outputs, but APOGEE Net III has 3"):
        import_folder(folder, APOGEE, name="net", out=tmp_path / "net.safetensors")


@pytest.mark.parametrize("chunk", [0, 4, 9])
def test_a_missing_chunk_is_named(folder, tmp_path, chunk):
    (folder / f"model_chunk_{chunk}").unlink()
    with pytest.raises(WeightsError, match=f"missing model_chunk_{chunk}"):
        import_folder(folder, BOSS, name="net", out=tmp_path / "net.safetensors")


@pytest.mark.parametrize("harm", ["truncated", "altered head", "empty"])
def test_truncated_chunks_are_refused_with_the_reason(folder, tmp_path, harm):
    chunk = folder / "model_chunk_9"
    data = chunk.read_bytes()
    if harm == "truncated":
        chunk.write_bytes(data[: len(data) // 2])
    elif harm == "empty":
        chunk.write_bytes(b"")
    else:
        (folder / "model_chunk_0").write_bytes(b"x" * 64 + data)
    with pytest.raises(WeightsError, match="truncated, altered, or not plain weights"):
        import_folder(folder, BOSS, name="net", out=tmp_path / "net.safetensors")


class Bomb:
    def __reduce__(self):
        return (shutil.rmtree, ("/nonexistent-folder-of-the-test",))


def test_pickled_code_is_not_run(folder, tmp_path):
    write_chunks(folder, pickle.dumps({"x": Bomb()}, protocol=2))
    with pytest.raises(WeightsError, match="not plain weights"):
        import_folder(folder, BOSS, name="net", out=tmp_path / "net.safetensors")


@pytest.mark.parametrize("change", [
    {"linear_dim": 9}, {"kernel_size": 5}, {"num_linear": 2}, {"dim_mults": [1, 2, 4]}])
def test_weights_that_do_not_fit_their_architecture_are_refused(folder, tmp_path, change):
    path = folder / "model_args.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | change))
    with pytest.raises(WeightsError, match="do not fit"):
        import_folder(folder, BOSS, name="net", out=tmp_path / "net.safetensors")
    assert not (tmp_path / "net.safetensors").exists()


@pytest.mark.parametrize("change", [
    {"linear_dim": "many"}, {"kernel_size": -3}, {"dim_mults": 4}, {"in_channels": 2},
    {"pos_enc": False}])
def test_absurd_arguments_are_refused(folder, tmp_path, change):
    path = folder / "model_args.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | change))
    with pytest.raises(WeightsError, match=r"model_args\.yaml"):
        import_folder(folder, BOSS, name="net", out=tmp_path / "net.safetensors")


def test_an_altered_or_truncated_file_is_refused(folder, tmp_path):
    path = tmp_path / "net.safetensors"
    import_folder(folder, BOSS, name="net", out=path)
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(WeightsError, match="altered"):
        load(path)
    path.write_bytes(good.replace(b"3.9", b"3.8", 1))
    with pytest.raises(WeightsError, match="altered"):
        load(path)
    path.write_bytes(good[:-100])
    with pytest.raises(WeightsError, match="truncated"):
        load(path)
    path.write_bytes(b"")
    with pytest.raises(WeightsError, match="truncated"):
        load(path)
    with pytest.raises(WeightsError, match="no such file"):
        load(tmp_path / "absent.safetensors")


def test_weights_with_nan_are_refused(tmp_path, tiny):
    state = tiny.module.state_dict()
    state["first_conv.conv_layer.bias"] = state["first_conv.conv_layer.bias"] * float("nan")
    from bossnet.network.frozen import save
    with pytest.raises(WeightsError, match="not finite in first_conv"):
        save(tmp_path / "nan.safetensors", state, tiny.card)


@pytest.mark.parametrize("zipped", [True, False])
def test_altered_chunks_are_refused_or_hold_weights(folder, tmp_path, zipped):
    stream, chance = io.BytesIO(), random.Random(5)
    torch.save(BossNet(Architecture(**TINY)).state_dict(), stream,
               _use_new_zipfile_serialization=zipped)
    refused = 0
    for _ in range(150):
        content = bytearray(stream.getvalue())
        for _ in range(chance.randint(1, 6)):
            content[chance.randrange(3000)] = chance.randrange(256)
        write_chunks(folder, content)
        try:
            import_folder(folder, BOSS, name="net", out=tmp_path / "net.safetensors")
        except WeightsError:
            refused += 1
    assert refused > 50

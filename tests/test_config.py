"""What a configuration says, settled."""

import pytest

from bossnet.config import load
from bossnet.errors import ConfigurationError


def settled(tmp_path, text, **environment):
    path = tmp_path / "bossnet.yml"
    path.write_text(text)
    return load(environment={"BOSSNET_CONFIG": str(path), **environment})


def test_weights_are_of_every_network_or_of_each_by_its_kind(tmp_path):
    one = settled(tmp_path, "weights: mine")
    assert (one.weights_for("boss"), one.weights_for("apogee")) == ("mine", "mine")
    each = settled(tmp_path, "weights: {boss: mine, apogee: other}")
    assert (each.weights_for("boss"), each.weights_for("apogee")) == ("mine", "other")
    assert settled(tmp_path, "weights: {apogee: other}").weights_for("boss") is None
    here = settled(tmp_path, "weights: {boss: mine}", BOSSNET_WEIGHTS="now")
    assert here.weights_for("boss") == "now"
    assert settled(tmp_path, "{}").weights_for("boss") is None


@pytest.mark.parametrize(("text", "said"), [
    ("weights: 3", "weights must be a text, or texts by the kind of network"),
    ("weights: {boss: 3}", "weights must be a text, or texts by the kind of network"),
    ("weights: {apogge: x}", "there is no network 'apogge'; there are boss, apogee")])
def test_weights_that_cannot_be_used_are_refused(tmp_path, text, said):
    with pytest.raises(ConfigurationError, match=said):
        settled(tmp_path, text)

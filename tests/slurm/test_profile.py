"""What a site's Slurm is asked for, as the configuration says it."""

import math

import pytest

from bossnet import config
from bossnet.errors import ConfigurationError
from bossnet.slurm.profile import Profile, minutes


def load(tmp_path, text):
    path = tmp_path / "bossnet.yml"
    path.write_text(text)
    return config.load(environment={"BOSSNET_CONFIG": str(path), "BOSSNET_HOME": "/x"})


def test_a_profile_of_the_configuration_is_read_with_its_types(tmp_path):
    found = load(tmp_path, """
slurm:
  profiles:
    night: {account: 17, partition: gpu, time: "8:00:00", workers: 8, gpus_per_worker: 1,
            memory_per_worker: 16G, logs: /logs, options: ["--qos=long", "--exclusive"]}
    plain: {}
""").profiles
    night = found["night"]
    assert (night.account, night.partition, night.workers) == ("17", "gpu", 8)
    assert str(night.logs) == "/logs"
    assert night.options == ("--qos=long", "--exclusive")
    assert found["plain"] == Profile()


@pytest.mark.parametrize(("text", "said"), [
    ("slurm: {profile: {}}", "slurm must hold `profiles: {NAME: {...}}`"),
    ("slurm: [1]", "slurm must hold"),
    ("slurm: {profiles: {night: 3}}", "night: it must hold entries such as workers"),
    ("slurm: {profiles: {night: {acount: x}}}", "night: unknown entries acount; known are workers"),
    ("slurm: {profiles: {night: {time: 8:00:00}}}", "time must be a text: write it in quotes"),
    ("slurm: {profiles: {night: {workers: many}}}", "workers must be a whole number"),
    ("slurm: {profiles: {night: {workers: 0}}}", "workers must be at least 1"),
    ("slurm: {profiles: {night: {gpus_per_worker: 2}}}", "a worker uses one GPU"),
    ("slurm: {profiles: {night: {time: '4'}}}", "is 4 minutes: workers need 5"),
    ("slurm: {profiles: {night: {time: 'soon'}}}", "write MINUTES, HOURS:MINUTES:SECONDS"),
    ("slurm: {profiles: {night: {memory_per_worker: lots}}}", "such as 16G or 500M"),
    ("slurm: {profiles: {night: {options: --qos}}}", "options must be a list of texts"),
    ("slurm: {profiles: {night: {options: [rm -rf]}}}", "is no option of sbatch"),
    ("slurm: {profiles: {night: {options: [--signal=9]}}}", "is set by `astra srun` itself"),
    ('slurm: {profiles: {night: {account: "a\\n#SBATCH --x"}}}', "cannot be printed")])
def test_a_wrong_entry_is_refused_with_its_file_and_name(tmp_path, text, said):
    with pytest.raises(ConfigurationError) as e:
        load(tmp_path, text)
    assert said in str(e.value)
    assert "bossnet.yml" in str(e.value)


@pytest.mark.parametrize(("time", "expected"), [
    ("30", 30), ("30:59", 30), ("8:05:00", 485), ("1-0", 1440), ("2-3:15", 3075),
    ("1-1:01:30", 1501), ("UNLIMITED", math.inf)])
def test_times_are_understood_as_slurm_does(time, expected):
    assert minutes(time) == expected


def test_workers_that_share_a_task_make_it_larger_and_the_array_smaller():
    profile = Profile(workers=7, workers_per_task=4, memory_per_worker="16G")
    assert (profile.tasks, profile.started, profile.memory) == (2, 8, "64G")

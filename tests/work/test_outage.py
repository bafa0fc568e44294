from bossnet.work.outage import OutageWatch, Trouble


def watch(pattern, **options):
    w = OutageWatch(**options)
    for i, failed in enumerate(pattern):
        w.add(Trouble(i, f"/data/night/{i}.fits", f"/data/night/{i}.fits: no such file")
              if failed else None)
    return w


def test_fewer_than_200_are_not_judged():
    assert not watch([True] * 199).is_outage
    assert watch([True] * 200).is_outage


def test_more_than_half_is_an_outage_and_half_is_not():
    assert not watch([True, False] * 200).is_outage
    assert watch([True, False] * 200 + [True]).is_outage
    assert not watch([True, False] * 200 + [True], max_failures=0.6).is_outage


def test_also_of_a_few_most_may_not_fail_without_suspicion():
    assert watch([True]).is_suspicious
    assert not watch([True, False]).is_suspicious
    assert not watch([True], max_failures=1).is_suspicious
    assert not watch([]).is_suspicious


def test_only_the_last_thousand_count():
    w = watch([False] * 5000 + [True] * 500)
    assert not w.is_outage
    assert len(w.troubles) == 500
    assert watch([False] * 5000 + [True] * 501).is_outage
    assert not watch([True] * 150 + [False] * 5000).is_outage


def test_a_failure_may_be_judged_as_long_as_it_is_looked_back_at():
    w = watch([False] * 10 + [True] + [False] * 999)
    assert len(w.troubles) == 1
    assert w.may_judge(10)
    w.add(None)
    assert not w.troubles
    assert not w.may_judge(10)
    assert not w.may_judge(None)
    assert not watch([True], max_failures=1).may_judge(0)


def test_it_names_what_the_failures_have_in_common():
    said = watch([True] * 250 + [False] * 10).describe()
    assert said == ("250 of the last 260 spectra failed; 250 of them: FILE: no such file; "
                    "all lie under /data/night")

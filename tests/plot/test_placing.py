"""Labels in a row."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bossnet.plot.placing import placed

ROW = {"first": 0.0, "last": 100.0, "gap": 2.0}


def test_labels_that_do_not_touch_stay_where_they_are_wanted():
    assert placed([20.0, 50.0, 80.0], [10.0, 10.0, 10.0], **ROW) == [20.0, 50.0, 80.0]


def test_two_at_one_place_give_way_alike():
    assert placed([50.0, 50.0], [10.0, 10.0], **ROW) == [44.0, 56.0]


def test_a_label_at_the_end_stays_inside():
    assert placed([99.0], [10.0], **ROW) == [95.0]


def test_none_is_placed_where_there_is_no_room_for_all():
    assert placed([50.0] * 9, [10.0] * 9, **ROW) is None
    assert placed([], [], **ROW) == []


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(1, 20)), min_size=1, max_size=8))
def test_whatever_is_wanted_labels_never_overlap(labels):
    labels.sort()
    wanted, widths = zip(*labels, strict=True)
    middles = placed(wanted, widths, **ROW)
    if middles is None:
        assert sum(widths) + 2 * (len(widths) - 1) > 100
        return
    edges = np.array([(m - w / 2, m + w / 2) for m, w in zip(middles, widths, strict=True)])
    assert (edges >= -1e-9).all()
    assert (edges <= 100 + 1e-9).all()
    assert (edges[1:, 0] - edges[:-1, 1] >= 2 - 1e-9).all()

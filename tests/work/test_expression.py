import pytest

from bossnet.errors import SelectionError
from bossnet.work.expression import refuse_unless_alone


@pytest.mark.parametrize("text", [
    "snr > 10", "snr > 10 AND mjd >= 59600", "(a OR b) AND NOT (c)", "class = 'a;b--c)'",
    "class = 'it''s'", "class = E'it\\'s (' AND true", "path LIKE '%x%'", '"odd;name)" = 1',
    "path = $$a ) ; '$$", "path = $t$ $$ ) $t$", "snr = ANY (ARRAY[1, 2])",
    "pk IN (SELECT spectrum_pk FROM boss_net)"])
def test_an_expression_that_stands_alone_is_let_through(text):
    refuse_unless_alone(text)


@pytest.mark.parametrize(("text", "caret_at"), [
    ("true) OR (true", 4), ("snr > 10; DROP TABLE source", 8), ("snr > 10 -- all", 9),
    ("snr > /* x */ 10", 6), ("(snr > 10", 0), ("snr > 10)", 8), ("class = 'open", 8),
    ('"open = 1', 0), ("a = ARRAY[1)", 11), ("class = 'it\\'s'; x", 15)])
def test_what_reaches_beyond_itself_is_refused_with_a_caret(text, caret_at):
    with pytest.raises(SelectionError) as refusal:
        refuse_unless_alone(text)
    line, caret = str(refusal.value).splitlines()[-2:]
    assert line == f"    {text}"
    assert caret.index("^") - 4 == caret_at


@pytest.mark.parametrize("text", ["", "  \n"])
def test_nothing_is_no_expression(text):
    with pytest.raises(SelectionError, match="empty"):
        refuse_unless_alone(text)

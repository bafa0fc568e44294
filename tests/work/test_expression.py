import pytest

from bossnet.errors import SelectionError
from bossnet.work.expression import refuse_unless_alone


@pytest.mark.parametrize("text", [
    "snr > 10", "snr > 10 AND mjd >= 59600", "(a OR b) AND NOT (c)", "class = 'a;b--c)'",
    "class = 'it''s'", "class = E'it\\'s (' AND true", "path LIKE '%x%'", '"odd;name)" = 1',
    "path = $$a ) ; '$$", "path = $t$ $$ ) $t$", "snr = ANY (ARRAY[1, 2])",
    "pk IN (SELECT spectrum_pk FROM boss_net)", "x = E'a'\n'\\'' ", "x = $é$ ) $é$", "a$$b$ = 1",
    "x = 'a\\'", "x = U&'\\0061' UESCAPE '!'", "x = $$ $a$$", "values_ > 3", "5 - -3 > x"])
def test_an_expression_that_stands_alone_is_let_through(text):
    refuse_unless_alone(text)


@pytest.mark.parametrize(("text", "caret_at"), [
    ("true) OR (true", 4), ("snr > 10; DROP TABLE source", 8), ("snr > 10 -- all", 9),
    ("snr > /* x */ 10", 6), ("(snr > 10", 0), ("snr > 10)", 8), ("class = 'open", 8),
    ('"open = 1', 0), ("a = ARRAY[1)", 11), ("class = 'it\\'s'; x", 14)])
def test_what_reaches_beyond_itself_is_refused_with_a_caret(text, caret_at):
    with pytest.raises(SelectionError) as refusal:
        refuse_unless_alone(text)
    line, caret = str(refusal.value).splitlines()[-2:]
    assert line == f"    {text}"
    assert caret.index("^") - 4 == caret_at


@pytest.mark.parametrize(("text", "said"), [
    ("E'abc\\'", "not closed (')"), ("E'abc' || '\\", "not closed (')"), ("x = $a$ $b$", "($a$)"),
    ("a$E'\\' ) OR (true --'", "bracket closes"), ("€E'\\' ) OR (true --'", "bracket closes"),
    ("E'a'\n'\\'' ) OR (true --'", "bracket closes"),
    ("$é$ ' $é$ ) OR (true --'", "bracket closes"),
    ("x +-- 3", "comment"), ("x @/* 3", "comment"), ("SELECT true", "a query"),
    ("x = 'a\0'", "zero byte"), ("x = '\udcff'", "no UTF-8 text")])
def test_literals_end_where_postgres_ends_them(text, said):
    with pytest.raises(SelectionError, match="--where") as refusal:
        refuse_unless_alone(text)
    assert said in str(refusal.value)


def test_a_long_line_is_shown_around_its_caret():
    with pytest.raises(SelectionError) as refusal:
        refuse_unless_alone("x = 1 AND " * 500 + "; " + "AND x = 1 " * 500)
    line, caret = str(refusal.value).splitlines()[-2:]
    assert len(line) < 250
    assert line[caret.index("^")] == ";"


@pytest.mark.parametrize("text", ["", "  \n"])
def test_nothing_is_no_expression(text):
    with pytest.raises(SelectionError, match="empty"):
        refuse_unless_alone(text)

"""Tables as text: cells come through as they are, and stand below each other."""

import pytest

from sltnet_mm.report.text_tables import markdown_table, plain_table

HEADS = ['method', 'GT-known', '']
ROWS = [['[bold]CAM[/bold] :cat: \\', '41.2', '-'], ['x' * 300, '5', 'long words stay in one line ' * 9]]


def cells(line):
    return [cell.strip() for cell in line.replace(r'\|', '\0').strip('|').split('|')]


def test_markdown_has_one_line_per_row_and_the_cells_as_given():
    head, rule, *lines = markdown_table(HEADS, ROWS).split('\n')
    assert cells(head) == HEADS and [cells(line) for line in lines] == [[cell.strip() for cell in row] for row in ROWS]
    assert set(rule) == set('|-') and rule.count('|') == 4
    assert len({len(line) for line in (head, rule, *lines)}) == 1


def test_a_bar_does_not_end_a_cell():
    assert r'| a\|b |' in markdown_table(['n'], [['a|b']])
    assert 'a|b' in plain_table(['n'], [['a|b']])


def test_plain_columns_end_together():
    lines = plain_table(['m', 'a', 'bb'], [['CAM', '1', '2'], ['a name', '100', '-']]).split('\n')
    assert lines == ['m         a  bb', 'CAM       1   2', 'a name  100   -']
    assert '[bold]CAM[/bold] :cat: \\' in plain_table(HEADS, ROWS)


def test_environment_does_not_change_a_table(monkeypatch):
    plain = plain_table(HEADS, ROWS)
    monkeypatch.setenv('FORCE_COLOR', '1')
    monkeypatch.setenv('COLUMNS', '20')
    assert plain_table(HEADS, ROWS) == plain


@pytest.mark.parametrize('render', [plain_table, markdown_table])
def test_a_row_of_another_length_is_an_error(render):
    with pytest.raises(ValueError, match='a row of the table has 1 cells, the head has 2'):
        render(['a', 'b'], [['1']])

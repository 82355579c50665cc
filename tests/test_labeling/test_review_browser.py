"""The review page in a real browser: seen, keyed, drawn on, saved, and merged."""

import json
import os
import shutil
from pathlib import Path

import pytest
from drawn_photographs import CLASSES, write_photograph

from sltnet_mm.labeling.results import apply_review, read_review
from sltnet_mm.labeling.review_page import write_review_page

pytestmark = pytest.mark.browser
NASTY = 'cat/<img src=x onerror="document.title=1">&\'ü.png'


@pytest.fixture
def coco(tmp_path):
    """Five photographs; their doubt falls with the number, except that of the one without a box."""
    names = ['cat/0.png', 'dog/1.png', NASTY, 'hen/3.png', 'hen/4.png']
    images, annotations = [], []
    for number, name in enumerate(names):
        write_photograph(tmp_path / 'photographs' / name, number, number, size=(160, 120))
        signals = dict(agreement=0.1 * number, mirror=0.5, stability=0.25, label=1.0)
        label = CLASSES.index(name.partition('/')[0])
        doubt = 1.0 if number == 4 else round(0.9 - 0.2 * number, 2)
        images.append(dict(id=number, file_name=name, width=160, height=120, label=label, doubt=doubt, signals=signals))
        if number < 4:
            annotations.append(
                dict(id=number + 1, image_id=number, category_id=label, iscrowd=0, bbox=[20, 15, 40, 30], area=1200)
            )
    categories = [dict(id=number, name=name) for number, name in enumerate(CLASSES)]
    info = dict(run='0123456789abcdef')
    return dict(info=info, images=images, annotations=annotations, categories=categories)


@pytest.fixture
def page(coco, tmp_path):
    """The page, opened from its file; an error in its script fails the test."""
    from playwright.sync_api import sync_playwright

    browser = os.environ.get('BROWSER') or shutil.which('chromium') or shutil.which('google-chrome')
    assert browser, 'make test-browser needs Chromium: apt-get install chromium, or BROWSER=/path/to/it'
    path = tmp_path / 'review.html'
    assert write_review_page(coco, tmp_path / 'photographs', path) == 5
    errors: list[str] = []
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=['--no-sandbox'])
        page = opened.new_page(viewport=dict(width=1200, height=800), accept_downloads=True)
        page.on('pageerror', lambda error: errors.append(str(error)))
        page.on('request', lambda request: errors.append(request.url) if request.url.startswith('http') else None)
        page.goto(path.as_uri())
        yield page
        if folder := os.environ.get('SCREENSHOTS'):
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=f'{folder}/{os.environ["PYTEST_CURRENT_TEST"].split("::")[1].split(" ")[0]}.png')
        opened.close()
    assert not errors


def titles(page):
    return page.locator('#grid .tile').evaluate_all('tiles => tiles.map((tile) => tile.title)')


def counts(page):
    return page.locator('#counts').inner_text()


def saved(page, tmp_path):
    with page.expect_download() as download:
        page.click('#save')
    download.value.save_as(tmp_path / download.value.suggested_filename)
    return read_review(tmp_path / 'review.json')


def test_the_most_doubtful_come_first_and_names_are_text(page):
    assert titles(page) == ['hen/4.png', 'cat/0.png', 'dog/1.png', NASTY, 'hen/3.png']
    assert page.title() == 'Boxes of photographs'
    page.select_option('#order', 'sure')
    assert titles(page)[0] == 'hen/3.png'
    page.select_option('#class', label='hen')
    assert titles(page) == ['hen/3.png', 'hen/4.png']
    assert '5 photographs: 0 kept, 0 redrawn, 0 dropped, 5 not reviewed' in counts(page)


def test_boxes_lie_where_they_are(page):
    page.keyboard.press('ArrowRight')  # past the one without a box
    frame = page.locator('#stage img').bounding_box()
    box = page.locator('#stage .box').bounding_box()
    for at, size, low, length in (('x', 'width', 20 / 160, 40 / 160), ('y', 'height', 15 / 120, 30 / 120)):
        assert box[at] - frame[at] == pytest.approx(low * frame[size], abs=1.5)
        assert box[size] == pytest.approx(length * frame[size], abs=1.5)


def test_keys_and_mouse_decide_and_the_file_is_merged(page, coco, tmp_path):
    page.keyboard.press('k')  # no box to keep: passed over
    page.keyboard.press('k')
    page.keyboard.press('d')
    frame = page.locator('#stage img').bounding_box()
    page.mouse.move(frame['x'] + 0.75 * frame['width'], frame['y'] + 0.5 * frame['height'])
    page.mouse.down()
    page.mouse.move(frame['x'] + 0.5 * frame['width'], frame['y'] + 0.4 * frame['height'])
    page.mouse.move(frame['x'] + 0.25 * frame['width'], frame['y'] + 0.25 * frame['height'])
    page.mouse.up()
    page.keyboard.press('k')  # a redrawn box stays redrawn
    assert '1 kept, 1 redrawn, 1 dropped, 2 not reviewed' in counts(page)
    review = saved(page, tmp_path)
    assert review['decisions']['cat/0.png'] == dict(state='keep') and review['run'] == coco['info']['run']
    assert review['decisions']['dog/1.png'] == dict(state='drop')
    assert review['decisions'][NASTY]['box'] == pytest.approx([40, 30, 120, 60], abs=1)
    merged = apply_review(coco, review)
    assert [each.get('review') for each in merged['annotations']] == ['keep', 'redraw', None]
    assert merged['annotations'][1]['bbox'] == pytest.approx([40, 30, 80, 30], abs=1)


def test_undo_a_click_and_filters(page, tmp_path):
    page.locator('#grid .tile').nth(1).click()
    page.keyboard.press('d')
    page.keyboard.press('ArrowLeft')
    page.keyboard.press('u')
    page.locator('#stage img').click()  # no box: it has no area
    assert '5 not reviewed' in counts(page) and saved(page, tmp_path)['decisions'] == {}
    page.locator('#grid .tile').nth(2).click()
    page.keyboard.press('d')
    page.select_option('#state', 'drop')
    assert titles(page) == ['dog/1.png']
    page.select_option('#state', 'keep')
    assert page.locator('#grid').inner_text() == 'No photograph here.'


def test_decisions_outlive_the_tab(page):
    page.keyboard.press('d')
    page.reload()
    assert '1 dropped' in counts(page)
    assert json.loads(page.evaluate("localStorage.getItem('sltnet-review-0123456789abcdef')"))

"""Files that are always loaded together come as one."""

import re

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import get_template

from ceasefire.look import bundles


@pytest.mark.parametrize("name", bundles.BUNDLES)
def test_a_bundle_holds_its_parts_in_their_order(name):
    with open(finders.find(name), encoding="utf-8") as file:
        whole = file.read()
    at = 0
    for part in bundles.BUNDLES[name]:
        with open(finders.find(part), encoding="utf-8") as file:
            begin = file.read()[:200]
        assert begin in whole[at:], part
        at = whole.index(begin, at)
    assert "sourceMappingURL" not in whole


@pytest.mark.parametrize("name", [name for name in bundles.BUNDLES if name.endswith(".css")])
def test_a_picture_of_a_style_is_found_from_where_the_bundle_lies(name):
    for _quote, address in bundles._ADDRESS.findall(bundles.joined(name)):
        assert address.startswith("../")
        assert finders.find(address.removeprefix("../")), address


def test_a_bundle_is_made_anew_when_a_part_changes(tmp_path, monkeypatch, settings):
    settings.DATA_DIR = tmp_path
    part = tmp_path / "part.js"
    monkeypatch.setitem(bundles.BUNDLES, "bundle/new.js", ("part.js",))
    monkeypatch.setattr(bundles.finders, "find", lambda _name: str(part))
    finder = bundles.BundleFinder()
    for content in ("(() => {})();", "(() => { 1; })();"):
        part.write_text(content)
        with open(finder.find("bundle/new.js"), encoding="utf-8") as file:
            assert file.read() == content + "\n"
    assert finder.find("bundle/none.js") == []
    assert finder.find("bundle/new.js", find_all=True) == [finder.find("bundle/new.js")]
    assert "bundle/new.js" in [path for path, _storage in finder.list(None)]


def test_no_page_loads_a_part_besides_its_bundle():
    """A script that runs twice does everything twice."""
    everywhere = {*bundles.BUNDLES["bundle/site.js"], *bundles.BUNDLES["bundle/site.css"]}
    from tests.look.test_house_rules import ROOT, TEMPLATES

    for path in TEMPLATES:
        source = path.read_text(encoding="utf-8")
        get_template(str(path.relative_to(ROOT / "templates")))
        loaded = re.findall(r"{% static '([^']+)' %}", source)
        assert not everywhere & set(loaded), path.name
        for name in loaded:
            assert finders.find(name), (path.name, name)

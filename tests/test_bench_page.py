"""`make bench`: the page and the picture tell what was measured, and no more."""

from xml.etree import ElementTree as ET

from benchmarks.promises.promise import Judgement
from benchmarks.timed.chart import BAR, chart
from benchmarks.timed.page import page
from tests.timing import results, sitting

MEASURED = results(
    {
        ("tree", "tenantry"): 240.0,
        ("tree", "limit"): 200.0,
        ("tree", "apollo"): 40.0,
        ("tree10", "tenantry"): 20.0,
        ("point", "tenantry"): 3000.0,
    }
)
SVG = "{http://www.w3.org/2000/svg}"


def test_ratios_are_those_of_the_figures() -> None:
    """A case that a server was not measured in has none."""
    said = page(sitting(MEASURED, "tree", "point"))
    assert (
        "| case | the bare limit | Apollo Server |\n|---|---|---|\n| tree | 1.20x | 6.00x |\n| point | - | - |" in said
    )


def test_figures_come_with_latencies_and_processor_time() -> None:
    """In milliseconds, by case and server."""
    said = page(sitting(MEASURED, "tree"))
    assert "| tree | Tenantry | 240 | 10.00 | 50.00 | 4.00 | 2.00 | 1.0 |" in said
    assert "| tree | Apollo Server | 40.0 | 10.00 | 50.00 | 4.00 | 2.00 | 1.0 |" in said


def test_aims_say_whether_they_are_reached() -> None:
    """In bold where not."""
    said = page(sitting(MEASURED, "tree"))
    assert "| tree | the bare limit | at least 0.95x | 1.20x | holds |" in said
    assert "| tree10 | the time of our tree | at most 11x | 12.00x | **falls short** |" in said


def test_a_peer_that_cannot_be_had_is_told_with_the_reason() -> None:
    """Its last line: programs say much before they say why."""
    said = page(sitting(MEASURED, "tree", postgraphile="much\nNode.js is too old"))
    assert "- **PostGraphile** was left out, as it cannot be had on this machine: Node.js is too old" in said


def test_who_does_not_stand_the_load_has_no_figure_and_is_told() -> None:
    """With what it said."""
    failing = results({("tree", "tenantry"): 1.0}, failed={("point64", "tenantry"): "7 of 9 answers were wrong"})
    assert "- **point64**, Tenantry: no figure, since 7 of 9 answers were wrong" in page(sitting(failing, "tree"))


def test_the_page_says_what_peers_do_not_do_and_which_bound_was_moved() -> None:
    """No reader has to guess what is compared with what."""
    said = page(sitting(MEASURED, "tree10"))
    assert "None of them checks a token, a scope, a tenant or a bound" in said
    assert "TENANTRY_MAX_NODES=20000" in said
    assert "TENANTRY_MAX_NODES" not in page(sitting(MEASURED, "tree"))
    assert "2 cores; PostgreSQL 18.1" in said


def test_promises_are_told_where_they_were_judged() -> None:
    """And their part is left out where not."""
    said = page(sitting(MEASURED, "tree", rights=(Judgement("the audit adds little", "+7 %", holds=True),)))
    assert "| the audit adds little | +7 % | holds |" in said
    assert "What rights cost" not in page(sitting(MEASURED, "tree"))


def test_the_picture_has_a_bar_for_each_server_by_its_share_of_the_fastest() -> None:
    """A case of one server alone compares nothing, and is left out."""
    names = sitting(MEASURED, "tree").names
    drawn = ET.fromstring(chart(MEASURED, ["tree", "point"], names))  # noqa: S314  (our own)
    bars = drawn.findall(f"{SVG}rect")
    assert [(bar.get("class"), bar.get("width")) for bar in bars] == [
        ("ours", str(BAR)),
        ("peer", str(round(BAR * 200 / 240))),
        ("peer", str(round(BAR * 40 / 240))),
    ]
    texts = [each.text for each in drawn.findall(f"{SVG}text")]
    assert texts == ["tree", "Tenantry", "1.00", "the bare limit", "0.83", "Apollo Server", "0.17"]


def test_the_picture_follows_light_and_dark() -> None:
    """By the reader's own setting, with no background of its own."""
    assert "prefers-color-scheme: dark" in chart(MEASURED, ["tree"], sitting(MEASURED, "tree").names)

"""`tenantry plan`, run as a shell runs it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tenantry.cli import app
from tests.estate import Estate
from tests.postgres import Urls

Plan = Callable[..., Result]


@pytest.fixture
def plan(urls: Urls, acme: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """The command on the tests' database, with the document as its first word."""
    monkeypatch.setenv("DATABASE_URL", urls.app)
    monkeypatch.setenv("DATABASE_PLATFORM_URL", urls.platform)
    runner = CliRunner()

    def run(document: str, *words: str, variables: str = "{}") -> Result:
        file = tmp_path / "document.graphql"
        file.write_text(document, encoding="latin-1")
        (tmp_path / "variables.json").write_text(variables)
        given = ["--variables", str(tmp_path / "variables.json"), "--tenant", acme.tenant.slug]
        return runner.invoke(app, ["plan", str(file), *given, *words], catch_exceptions=False)

    return run


def test_a_query_is_shown_with_its_statement_and_the_plan(plan: Plan) -> None:
    """What runs, and how PostgreSQL would run it."""
    outcome = plan("query ($n: Int) { devices(first: $n) { nodes { id } } }", variables='{"n": 3}')
    assert outcome.exit_code == 0, outcome.stderr
    assert "device.tenant_id = $" in outcome.stdout
    assert " Scan" in outcome.stdout
    assert "actual time" not in outcome.stdout


def test_a_query_is_run_where_that_is_asked(plan: Plan) -> None:
    """The time of each step is shown."""
    assert "actual time" in plan("{ devices { totalCount } }", "--analyze").stdout


def test_what_is_not_compiled_is_told_with_its_place(plan: Plan) -> None:
    """The field, and why."""
    said = plan("{ tokens { nodes { node { id } } } }").stdout
    assert said == "Not compiled, so that graphql-core runs it: Token.node is computed in Python.\n"


@pytest.mark.parametrize(
    ("document", "words", "variables", "said"),
    [
        ("{ nothing }", [], "{}", "Cannot query field 'nothing'"),
        ("{ devices(first: 1000) { totalCount } }", [], "{}", "must be from 1 to 100"),
        ("{ devices { totalCount } }", [], "[", "no JSON"),
        ("{ devices { totalCount } }", [], "[" * 100_000, "no JSON"),
        ("{ devices { totalCount } }", [], "[]", "no JSON object"),
        ("{ devices { totalCount } }", ["--tenant", "nobody"], "{}", "slug 'nobody'"),
        ("{ devices { totalCount } } # \xff", [], "{}", "no text in UTF-8"),
    ],
)
def test_what_cannot_be_planned_is_told_in_a_sentence(
    plan: Plan, document: str, words: list[str], variables: str, said: str
) -> None:
    """On standard error, without a traceback."""
    outcome = plan(document, *words, variables=variables)
    assert (outcome.exit_code, outcome.stdout) == (1, "")
    assert said in outcome.stderr
    assert "Traceback" not in outcome.stderr

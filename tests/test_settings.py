"""Settings: read from the environment alone, refused with the variable's name and the fix."""

from pathlib import Path

import pytest

from tenantry.settings import SETTINGS, Settings, SettingsError, settings_document

REPOSITORY = Path(__file__).parent.parent
URLS = {
    "DATABASE_URL": "postgresql://app:secret@db/tenantry",
    "DATABASE_PLATFORM_URL": "postgresql://platform:secret@db/tenantry",
}


def refused(environ: dict[str, str]) -> str:
    """The message with which an environment is refused."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(environ)
    return str(caught.value)


def test_an_empty_environment_is_enough() -> None:
    """Everything has a default, and no database address means the embedded server."""
    settings = Settings.from_environment({})
    assert settings.database_url is None
    assert (settings.listen_host, settings.listen_port, settings.workers) == ("127.0.0.1", 8000, 1)


def test_a_blank_variable_counts_as_not_set() -> None:
    """Compose files and charts pass on variables that nobody has set."""
    assert Settings.from_environment({"DATABASE_URL": " ", "TENANTRY_MAX_DEPTH": ""}).max_depth == 15


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("postgresql://a:p%40ss@db:5433/x", "postgresql+asyncpg://a:p%40ss@db:5433/x"),
        ("postgres://a@db/x", "postgresql+asyncpg://a@db/x"),
        ("postgresql+psycopg://a@db/x?sslmode=require", "postgresql+asyncpg://a@db/x?ssl=require"),
        ("postgresql+asyncpg://a@/x?host=%2Frun%2Fpg", "postgresql+asyncpg://a@/x?host=%2Frun%2Fpg"),
    ],
)
def test_an_address_in_any_postgresql_dialect_is_taken(given: str, read: str) -> None:
    """Providers hand out libpq's form; asyncpg gets its own."""
    assert Settings.from_environment({**URLS, "DATABASE_URL": given}).database_url == read


def test_the_applications_address_alone_is_refused() -> None:
    """Tokens are looked up as the platform's role: serving without it could not work."""
    assert refused({"DATABASE_URL": URLS["DATABASE_URL"]}).startswith("DATABASE_PLATFORM_URL is not set")


def test_the_platforms_address_alone_is_refused() -> None:
    """Half a configuration would look tokens up in one database and serve another."""
    assert refused({"DATABASE_PLATFORM_URL": URLS["DATABASE_URL"]}).startswith("DATABASE_URL is not set")


def test_the_owners_address_alone_is_enough_to_migrate() -> None:
    """A migrating job need not be told what it does not use."""
    assert Settings.from_environment({"DATABASE_OWNER_URL": URLS["DATABASE_URL"]}).database_owner_url is not None


@pytest.mark.parametrize(
    ("variable", "text", "accepts"),
    [
        ("TENANTRY_LISTEN_PORT", "80a", "a whole number from 0 to 65535: '80a'"),
        ("TENANTRY_LISTEN_PORT", "65536", "a whole number from 0 to 65535: '65536'"),
        ("TENANTRY_DEADLINE", "nan", "seconds, from 0.1 to 300: 'nan'"),
        ("DATABASE_PREPARED_STATEMENTS", "yes", "`on` or `off`: 'yes'"),
        ("TENANTRY_OPERATIONS_MODE", "on", "`off` or `log` or `enforce`: 'on'"),
        ("TENANTRY_LOG_FORMAT", "xml", "`json` or `console`: 'xml'"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_accepted(variable: str, text: str, accepts: str) -> None:
    """The message names the variable, what it takes and what it got."""
    assert refused({variable: text}) == f"{variable} must be {accepts} is not that."


@pytest.mark.parametrize("text", ["mysql://u:hunter2@db/x", "postgresql://u:hunter2@db", "u:hunter2@db/x"])
def test_a_wrong_address_is_refused_without_its_password(text: str) -> None:
    """Error messages end up in logs and tickets."""
    message = refused({**URLS, "DATABASE_URL": text})
    assert message.startswith("DATABASE_URL must be `postgresql://")
    assert "hunter2" not in message


def test_every_fault_is_told_at_once() -> None:
    """Nobody likes to mend one variable a start."""
    assert len(refused({"TENANTRY_WORKERS": "0", "TENANTRY_MAX_DEPTH": "deep"}).splitlines()) == 2


def test_passwords_are_not_part_of_what_settings_print() -> None:
    """A settings object in a traceback or a log line tells no secret."""
    assert "secret" not in repr(Settings.from_environment(URLS))


def test_the_home_folder_follows_the_account() -> None:
    """Without TENANTRY_HOME data lies where the account keeps programs' data."""
    assert Settings.from_environment({"XDG_DATA_HOME": "/data"}).home == Path("/data/tenantry")
    assert Settings.from_environment({"XDG_DATA_HOME": "relative"}).home == Path.home() / ".local/share/tenantry"
    assert Settings.from_environment({"TENANTRY_HOME": "~/here"}).home == Path.home() / "here"


def test_no_variable_is_declared_twice() -> None:
    """Each name has one meaning."""
    assert len({each.variable for each in SETTINGS}) == len(SETTINGS)


def test_the_documentation_lists_every_setting() -> None:
    """docs/settings.md is what `tenantry settings` prints."""
    assert (REPOSITORY / "docs" / "settings.md").read_text() == settings_document()


def test_nothing_but_the_settings_reads_the_environment() -> None:
    """One module knows the environment; the embedded server's programs get a cleaned one."""
    reading = [
        str(path.relative_to(REPOSITORY))
        for room in ("auth", "loaders", "models", "resolvers", "schema", "tenantry")
        for path in (REPOSITORY / room).rglob("*.py")
        if "os.environ" in path.read_text() or "getenv" in path.read_text()
    ]
    assert sorted(reading) == ["tenantry/cluster.py", "tenantry/settings.py"]

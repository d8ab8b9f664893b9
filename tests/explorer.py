"""The explorer as a person uses it, in a page of a real browser."""

from tests.browser import Page

EDITOR = ".graphiql-query-editor .CodeMirror"
ANSWER = ".result-window .CodeMirror"


async def run(page: Page, query: str) -> None:
    """Type a query that has a name into a tab of its own and run it."""
    await page.call("click", "[aria-label='Add tab']")
    await page.call("click", EDITOR)
    await page.call("keyboard.insertText", query)
    await page.see(".graphiql-tab-active", query.split()[1])  # GraphiQL has understood it
    await page.call("keyboard.press", "Control+Enter")


async def stored(page: Page) -> str:
    """All that the browser keeps for this origin, and the address itself."""
    kept: str = await page.call(
        "evaluate", "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])"
    )
    return kept

"""From text to a document: whatever the text is, it becomes a document or a refusal.

graphql-core's parser is recursive and reads all that it is given; a scan in front of it counts tokens and brackets
and stops at the bound, so that neither length nor nesting can hurt.
"""

from graphql import DocumentNode, GraphQLSyntaxError, parse, strip_ignored_characters
from graphql.language import Lexer, Source, Token, TokenKind

from auth.codes import Code, Refusal
from auth.limits.limits import Limits

OPENING = frozenset({TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L})
CLOSING = frozenset({TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R})
# A syntax error quotes the token that it stumbles over, which may be as long as the document.
MESSAGE_LENGTH = 300


def parse_bounded(text: str, limits: Limits) -> DocumentNode:
    """The document that the text holds.

    Raises:
        Refusal: GRAPHQL_PARSE_FAILED with line and column, LIMIT_TOKENS or LIMIT_DEPTH.
    """
    source = Source(text)
    _check_encoding(source)
    try:
        _check_tokens(source, limits)
        return parse(source)
    except GraphQLSyntaxError as error:
        raise _syntax_error(error) from None


def without_ignored(text: str, limits: Limits) -> str:
    """The text without blanks, commas and comments: documents that differ in nothing else have the same.

    Raises:
        Refusal: as for `parse_bounded`, though what is returned need not be a document.
    """
    source = Source(text)
    _check_encoding(source)
    try:
        _check_tokens(source, limits)
        return strip_ignored_characters(source)
    except GraphQLSyntaxError as error:
        raise _syntax_error(error) from None


def _check_encoding(source: Source) -> None:
    """Half a surrogate pair is no character: nobody could store, log or answer it."""
    try:
        source.body.encode()
    except UnicodeEncodeError as error:
        half = f"Half a character, U+{ord(source.body[error.start]):04X}"
        raise _syntax_error(GraphQLSyntaxError(source, error.start, half)) from None


def _check_tokens(source: Source, limits: Limits) -> None:
    lexer = Lexer(source)
    token = lexer.token
    tokens = comments = nesting = 0
    # `read_next_token` hands out comments one by one, where `advance` skips a run of them, however long.
    while (token := lexer.read_next_token(token.end)).kind is not TokenKind.EOF:
        if token.kind is TokenKind.COMMENT:
            comments += 1
            if comments > limits.comments:
                raise _over(Code.LIMIT_TOKENS, limits.comments, "comments", token)
            continue
        tokens += 1
        if tokens > limits.tokens:
            raise _over(Code.LIMIT_TOKENS, limits.tokens, "tokens", token)
        if token.kind in OPENING:
            nesting += 1
            if nesting > limits.nesting:
                raise _over(Code.LIMIT_DEPTH, limits.nesting, "brackets in each other", token)
        elif token.kind in CLOSING:
            nesting -= 1
        elif token.kind is TokenKind.NAME and token.end - token.start > limits.name_length:
            raise _over(Code.LIMIT_TOKENS, limits.name_length, "characters in a name", token)


def _over(code: Code, limit: int, counted: str, token: Token) -> Refusal:
    return Refusal(
        code,
        f"The document has more than {limit:,} {counted} (line {token.line}, column {token.column}). "
        "Shorten it, or split it up.",
        extensions={"limit": limit},
    )


def _syntax_error(error: GraphQLSyntaxError) -> Refusal:
    message = error.message if len(error.message) <= MESSAGE_LENGTH else f"{error.message[:MESSAGE_LENGTH]}…"
    places = "".join(f" (line {line}, column {column})" for line, column in error.locations or ())
    return Refusal(Code.GRAPHQL_PARSE_FAILED, f"{message.rstrip('.')}{places}.")

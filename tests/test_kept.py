"""Documents kept by their hash: bounded, and no tenant at the cost of the others."""

import uuid
from collections import Counter
from itertools import count
from sys import getsizeof

from hypothesis import given
from hypothesis import strategies as st

from schema.kept import MOST, OVERHEAD, SHARE, KeptDocuments
from tests.persisting import hash_of

ACME, GLOBEX, OTHER = (uuid.UUID(int=number) for number in range(1, 4))
ROOM = 100 * 1024
# What somebody keeps or asks for, by number, and how long the document is.
Step = tuple[uuid.UUID, bool, int, int]
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(st.sampled_from([ACME, GLOBEX, OTHER]), st.booleans(), st.integers(0, 60), st.integers(0, 8_000)),
    max_size=200,
)


def document(number: int, length: int = 0) -> str:
    """One of many, padded to a length."""
    return f"{{ a{number} }}".ljust(length)


def fill(kept: KeptDocuments, tenant_id: uuid.UUID, documents: int, start: int = 0) -> list[str]:
    """Keep so many; their hashes."""
    hashes = []
    for number in range(start, start + documents):
        hashes.append(hash_of(document(number)))
        kept.keep(hashes[-1], document(number), tenant_id)
    return hashes


def test_a_hash_that_nobody_sent_finds_nothing() -> None:
    """Nor does an empty one."""
    kept = KeptDocuments()
    assert (kept.find(hash_of("{ a }")), kept.find(""), len(kept)) == (None, None, 0)


def test_who_keeps_too_much_pushes_out_its_own() -> None:
    """However much it sends, it takes no more than its share, and what others keep stays."""
    kept = KeptDocuments(ROOM, ROOM // 4)
    theirs = fill(kept, GLOBEX, 20)
    flood = fill(kept, ACME, 1_000, start=1_000)
    assert [kept.find(each) for each in theirs] == [document(number) for number in range(20)]
    assert [each for each in flood if kept.find(each)] == flood[-(len(kept) - 20) :]
    assert 0 < len(kept) - 20 <= ROOM // 4 // OVERHEAD


def test_where_there_is_no_room_a_tenant_takes_its_share_of_others_and_no_more() -> None:
    """Of those that were used longest ago: three quarters of a full store outlive any flood."""
    kept = KeptDocuments(ROOM, ROOM // 4)
    held = [fill(kept, uuid.UUID(int=10 + number), 40, start=100 * number)[-25:] for number in range(4)]
    before = [each for hashes in held for each in hashes if kept.find(each)]
    fill(kept, ACME, 1_000, start=10_000)
    outlived = [each for each in before if kept.find(each)]
    assert outlived == before[len(before) - len(outlived) :]
    assert len(outlived) >= len(before) * 3 // 4 - 1


def test_what_is_asked_for_stays_longest() -> None:
    """By whom ever."""
    kept = KeptDocuments(ROOM, ROOM // 4)
    [used] = fill(kept, ACME, 1)
    for start in range(1, 500):
        fill(kept, ACME, 1, start=start)
        assert kept.find(used) == document(0)


def test_a_document_that_is_there_stays_on_the_account_of_who_brought_it() -> None:
    """Nobody's share shrinks for what others send too."""
    kept = KeptDocuments(ROOM, ROOM // 4)
    fill(kept, ACME, 10)
    weight = kept.weight
    fill(kept, GLOBEX, 10)
    assert (len(kept), kept.weight) == (10, weight)


def test_wide_characters_weigh_what_they_take() -> None:
    """A document of them takes four times the memory of its length."""
    kept, length = KeptDocuments(), 10_000
    kept.keep("a", "x" * length, ACME)
    narrow = kept.weight
    kept.keep("b", "\N{OFFICE BUILDING}" * length, ACME)
    assert kept.weight - narrow > 3 * narrow


@given(STEPS)
def test_the_bounds_hold_whatever_is_kept_and_asked_for(steps: list[Step]) -> None:
    """In all and for each tenant; and what is found is what was kept under that hash."""
    kept = KeptDocuments(ROOM, ROOM // 4)
    brought: dict[str, uuid.UUID] = {}
    for tenant_id, keeps, number, length in steps:
        text = document(number, length)
        if kept.find(text) is None and keeps:
            kept.keep(text, text, tenant_id)
            brought[text] = tenant_id
        assert kept.find(text) in ({text} if keeps else {text, None})
        there = [each for each in brought if kept.find(each)]
        weights: Counter[uuid.UUID] = Counter()
        for each in there:
            weights[brought[each]] += getsizeof(each) + OVERHEAD
        assert (len(there), weights.total()) == (len(kept), kept.weight)
        assert kept.weight <= ROOM
        assert max(weights.values(), default=0) <= ROOM // 4


def test_a_usual_application_fits_in_a_share() -> None:
    """Five hundred operations of two kilobytes; four such applications fit in all."""
    kept, numbers = KeptDocuments(), count()
    for tenant_id in (ACME, GLOBEX):
        for number in (next(numbers) for _ in range(500)):
            kept.keep(str(number), "x" * 2_000, tenant_id)
    assert (len(kept), SHARE * 4) == (1_000, MOST)

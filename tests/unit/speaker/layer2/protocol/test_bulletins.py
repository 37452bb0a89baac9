import pytest
from hypothesis import given
from hypothesis import strategies as st

from speaker.layer2.protocol.bulletins import FETCHES, LONGEST, PIECE, WINDOW, Board, Edition
from speaker.layer2.protocol.heartbeat import Piece, Want, emit, parse

OWNER = 7
AGAIN = 0.1


def want(request, sender="n2", incarnation=2):
    return Want(sender, incarnation, 1, 1, request.owner, request.version, request.first)


def requests(board, now=0.0):
    return list(board.requests(now, AGAIN))


def pieces(board, first=0, version=1, sender="n2"):
    return board.give(Want(sender, 2, 1, 1, OWNER, version, first))


@pytest.fixture
def board():
    """One that was told of a bulletin that it lacks."""
    board = Board()
    board.follow(OWNER, 1, "n3")
    return board


def publisher(data, version=1):
    board = Board()
    board.publish(OWNER, Edition(version, data))
    return board


@given(st.integers(0, LONGEST), st.randoms(use_true_random=False))
def test_what_one_publishes_another_has_in_the_end_whatever_is_lost(size, chance):
    data = chance.randbytes(size)
    source, board = publisher(data), Board()
    board.follow(OWNER, 1, "n3")
    for step in range(500):
        for request in requests(board, step * AGAIN):
            for piece in source.give(want(request)):
                if chance.random() < 0.8:
                    board.receive(parse(emit(piece)))
        if board.is_complete:
            break
    assert board.read(OWNER) == data


def test_the_longest_passes_in_windows_as_fast_as_it_is_asked_for(board):
    data = bytes(range(256)) * 256
    source, asked = publisher(data), []
    while found := requests(board):
        (request,) = found
        asked.append(request.first)
        for piece in source.give(want(request)):
            board.receive(piece)
    assert board.read(OWNER) == data
    assert asked == list(range(0, LONGEST // PIECE, WINDOW))


def test_an_empty_bulletin_is_one_too(board):
    for piece in publisher(b"").give(want(*requests(board))):
        board.receive(piece)
    assert board.read(OWNER) == b""
    assert board.is_complete


def test_what_does_not_come_is_asked_for_again_after_a_while_and_the_attempt_counted(board):
    (first,) = requests(board, 0.0)
    assert requests(board, AGAIN - 0.001) == []
    (again,) = requests(board, AGAIN)
    assert (first.attempt, again.attempt, again.first, again.teller) == (0, 1, 0, "n3")


def test_only_the_pieces_that_are_lacking_are_asked_for(board):
    requests(board)
    source = pieces(publisher(bytes(3 * PIECE)))
    board.receive(source[0])
    board.receive(source[2])
    (again,) = requests(board, AGAIN)
    assert again.first == 1


def test_few_are_fetched_at_once():
    board = Board()
    for owner in range(20):
        board.follow(owner, 1, "n3")
    assert len(requests(board)) == FETCHES


def test_a_newer_version_takes_the_place_of_the_one_that_is_fetched(board):
    old = pieces(publisher(b"old"))
    board.follow(OWNER, 2, "n4")
    assert board.receive(old[0]) == ()
    (request,) = requests(board)
    assert (request.version, request.teller) == (2, "n4")


def test_what_we_have_or_are_fetching_is_not_fetched_anew(board):
    requests(board)
    board.follow(OWNER, 1, "n9")
    assert requests(board) == []
    board.receive(pieces(publisher(b"word"))[0])
    board.follow(OWNER, 1, "n9")
    assert board.is_complete


def test_the_earlier_version_is_read_until_the_newer_one_is_whole(board):
    board.receive(pieces(publisher(b"one"))[0])
    board.follow(OWNER, 2, "n3")
    assert board.read(OWNER) == b"one"
    board.receive(pieces(publisher(b"two", 2), version=2)[0])
    assert board.read(OWNER) == b"two"


def test_who_asks_for_what_we_are_still_to_get_is_given_it_then(board):
    assert pieces(board, sender="n8") == ()
    assert pieces(board, sender="n9") == ()
    waiting = board.receive(pieces(publisher(b"word"))[0])
    assert [each.sender for each in waiting] == ["n8", "n9"]
    assert [board.give(each)[0].data for each in waiting] == [b"word", b"word"]


def test_who_asks_for_an_earlier_version_gets_nothing():
    assert pieces(publisher(b"two", 2), version=1) == ()


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param(Piece(1, 99, 1, 0, 1, b"x"), id="of another"),
        pytest.param(Piece(1, OWNER, 2, 0, 1, b"x"), id="of another version"),
        pytest.param(Piece(1, OWNER, 1, 1, 1, b"x"), id="beyond the last"),
    ],
)
def test_a_piece_that_does_not_belong_changes_nothing(board, piece):
    assert board.receive(piece) == ()
    assert board.read(OWNER) is None
    assert not board.is_complete


def test_pieces_that_contradict_each_other_make_no_bulletin(board):
    board.receive(Piece(1, OWNER, 1, 5, 6, b"x"))
    board.receive(Piece(1, OWNER, 1, 0, 2, b"x"))
    assert board.read(OWNER) is None


def test_what_is_given_up_is_not_asked_for_and_what_was_here_stays():
    board = publisher(b"one")
    board.follow(OWNER, 2, "n3")
    board.give_up(OWNER)
    assert (requests(board), board.read(OWNER)) == ([], b"one")


def test_what_is_forgotten_is_gone():
    board = publisher(b"one")
    board.follow(OWNER, 2, "n3")
    board.forget(OWNER)
    assert (requests(board), board.read(OWNER), board.is_complete) == ([], None, True)


def test_a_piece_fits_into_the_smallest_mtu_of_ipv6():
    big = 2**63 - 1
    assert len(emit(Piece(big, big, big, 63, 64, bytes(PIECE)))) + 32 <= 1280 - 48

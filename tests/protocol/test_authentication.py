import pytest

from polymarket_realtime._protocol.authentication import Authentication, AuthenticationState
from polymarket_realtime._protocol.closes import plan_redial
from polymarket_realtime.errors import (
    ConnectFailed,
    ConnectionLost,
    CredentialsRejected,
    HeartbeatTimeout,
)

WALL = 1_700_000_000.0
DROPPED = ConnectionLost(None)
REFUSED = ConnectFailed("wss://venue", "refused")


class Story:
    """An account's credentials, and a clock that shows 0 when they are set."""

    def __init__(self):
        self.now = 0.0
        self.authentication = Authentication()
        self.authentication.configured(WALL)

    def run(self, seconds, error=DROPPED, *, pong=True, data=False):
        """One connection; what to do after it."""
        self.authentication.subscribing(self.now, WALL + self.now)
        self.now += seconds
        if pong:
            self.authentication.accepted(self.now, WALL + self.now)
        if data:
            self.authentication.data(WALL + self.now)
        self.authentication.disconnected()
        return self.fails(error)

    def fails(self, error):
        return self.authentication.ended(error, self.now, WALL + self.now)

    def is_cancelled(self, seconds):
        self.authentication.subscribing(self.now, WALL + self.now)
        self.now += seconds
        self.authentication.disconnected()


def test_without_credentials_it_says_which_variables_are_needed():
    authentication = Authentication()
    assert authentication.state is AuthenticationState.NOT_CONFIGURED
    assert authentication.since is None
    for name in ("POLYMARKET_API_KEY", "POLYMARKET_PASSPHRASE", "POLYGON_PRIVATE_KEY"):
        assert name in authentication.why


def test_the_states_follow_what_happens_and_say_since_when():
    authentication = Authentication()
    seen = []

    def note():
        assert authentication.why
        seen.append((authentication.state.value, authentication.since - WALL))

    authentication.configured(WALL + 1)
    note()
    authentication.deriving(WALL + 2)
    note()
    authentication.subscribing(3, WALL + 3)
    note()
    authentication.data(WALL + 4)
    note()
    authentication.data(WALL + 5)
    note()
    authentication.rejected("Unauthorized", WALL + 6)
    note()
    authentication.configured(WALL + 7)
    note()
    assert seen == [
        ("configured", 1),
        ("deriving", 2),
        ("subscribed (unproven)", 3),
        ("proven", 4),
        ("proven", 4),
        ("rejected", 6),
        ("configured", 7),
    ]


def test_an_idle_account_stays_unproven_and_its_silence_is_called_normal():
    authentication = Authentication()
    authentication.configured(WALL)
    authentication.subscribing(0.0, WALL)
    for second in range(0, 100_000, 10):
        authentication.accepted(second, WALL + second)
    assert authentication.state is AuthenticationState.SUBSCRIBED
    assert "silence is normal" in authentication.why
    assert not authentication.doubtful


@pytest.mark.parametrize("pong", [True, False])
def test_two_hang_ups_in_a_row_cast_doubt_whether_or_not_the_venue_said_pong(pong):
    story = Story()
    story.run(4.9, pong=pong)
    assert not story.authentication.doubtful
    redial = story.run(0.1, pong=pong)
    assert story.authentication.doubtful
    assert "hung up 2 times" in redial.reason
    assert "does not know" in story.authentication.why
    assert not story.authentication.is_rejected


@pytest.mark.parametrize(
    "between",
    [
        lambda story: story.run(5.1),
        lambda story: story.run(60),
        lambda story: story.run(0.1, data=True),
        lambda story: story.run(1.0, HeartbeatTimeout(30)),
        lambda story: story.authentication.configured(WALL),
    ],
)
def test_a_run_that_shows_something_else_ends_the_row(between):
    story = Story()
    story.run(0.1)
    between(story)
    story.run(0.1)
    assert not story.authentication.doubtful


@pytest.mark.parametrize(
    "between", [lambda story: story.fails(REFUSED), lambda story: story.is_cancelled(0.1)]
)
def test_a_failed_dial_and_a_cancelled_attempt_count_for_nothing(between):
    story = Story()
    for _ in range(3):
        between(story)
    assert not story.authentication.doubtful
    story.run(0.1)
    between(story)
    assert not story.authentication.doubtful
    story.run(0.1)
    assert story.authentication.doubtful


def test_a_connection_that_outlives_the_doubt_ends_it():
    story = Story()
    story.run(0.1)
    story.run(0.1)
    story.authentication.subscribing(story.now, WALL)
    story.authentication.accepted(story.now + 4, WALL)
    assert story.authentication.doubtful
    story.authentication.accepted(story.now + 6, WALL)
    assert not story.authentication.doubtful


def test_rest_clears_the_doubt_and_the_sentence_names_the_usual_reason():
    story = Story()
    story.run(0.1)
    story.run(0.1)
    story.authentication.confirmed()
    assert not story.authentication.doubtful
    redial = story.run(0.1)
    assert not story.authentication.doubtful
    assert story.authentication.state is AuthenticationState.SUBSCRIBED
    for sentence in (story.authentication.why, redial.reason):
        assert "although its REST accepts the credentials" in sentence
        assert "builder keys" in sentence


def test_a_rejection_is_said_and_tried_again_after_minutes():
    story = Story()
    redial = story.fails(CredentialsRejected("Invalid api key"))
    assert story.authentication.is_rejected
    assert "Invalid api key" in story.authentication.why
    assert "Invalid api key" in redial.reason
    assert redial.at_least == 300
    assert not redial.park


def test_a_rejection_stands_through_a_new_try_until_there_is_evidence():
    story = Story()
    story.authentication.rejected("Unauthorized", WALL)
    story.run(0.1, pong=True)
    assert story.authentication.is_rejected


@pytest.mark.parametrize(
    ("evidence", "state"),
    [
        (lambda authentication: authentication.confirmed(), AuthenticationState.CONFIGURED),
        (lambda authentication: authentication.data(WALL), AuthenticationState.PROVEN),
        (
            lambda authentication: authentication.accepted(10.0, WALL),
            AuthenticationState.SUBSCRIBED,
        ),
        (lambda authentication: authentication.deriving(WALL), AuthenticationState.DERIVING),
    ],
)
def test_evidence_lifts_a_rejection(evidence, state):
    authentication = Authentication()
    authentication.rejected("Unauthorized", WALL)
    authentication.subscribing(0.0, WALL)
    evidence(authentication)
    assert authentication.state is state
    assert "Unauthorized" not in authentication.why


def test_what_is_proven_stays_proven_through_a_cut_but_can_come_into_doubt():
    story = Story()
    story.run(60, data=True)
    story.run(0.1)
    assert story.authentication.state is AuthenticationState.PROVEN
    story.run(0.1)
    assert story.authentication.doubtful


def test_after_a_cut_the_sentence_does_not_claim_a_connection():
    story = Story()
    story.run(60, ConnectionLost(1006, "gone"))
    assert story.authentication.state is AuthenticationState.SUBSCRIBED
    assert "gone" in story.authentication.why
    assert "keeps the connection open" not in story.authentication.why


@pytest.mark.parametrize(
    "error", [REFUSED, ConnectFailed("u", "p", status=429), ConnectionLost(1008, "invalid")]
)
def test_any_other_end_is_planned_as_for_public_channels(error):
    assert Story().run(60, error) == plan_redial(error)

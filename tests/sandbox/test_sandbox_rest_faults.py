import httpx2
import pytest
import trio
from sandbox_client import open_client

from polymarket_realtime.sandbox import SandboxConfig, open_memory_sandbox, open_sandbox
from virtual.virtual_sandbox import asgi_transport

PATHS = ("/time", "/book", "/midpoint", "/spread", "/price", "/tick-size", "/neg-risk")


@pytest.fixture
async def memory():
    async with open_memory_sandbox(SandboxConfig(rate=0)) as memory:
        yield memory


@pytest.fixture
def sandbox(memory):
    return memory.sandbox


@pytest.fixture
def faults(sandbox):
    return sandbox.rest_faults


@pytest.fixture
def tokens(sandbox):
    return [market.token_ids[0] for market in sandbox.exchange.markets]


@pytest.fixture
async def http(memory):
    transport = asgi_transport(memory.app)
    async with httpx2.AsyncClient(base_url=memory.sandbox.clob_url, transport=transport) as http:
        yield http


def move(sandbox, token):
    bid = sandbox.exchange.book(token)["bids"][0]["price"]
    sandbox.exchange.place(token, "BUY", bid, "1")


async def book(http, token):
    return await http.get("/book", params={"token_id": token})


async def books(http, tokens):
    return await http.post("/books", json=[{"token_id": token} for token in tokens])


async def test_down_answers_everything_with_503(autojump_clock, sandbox, faults, http, tokens):
    faults.down()
    for path in PATHS:
        answer = await http.get(path, params={"token_id": tokens[0]})
        assert (answer.status_code, answer.json()) == (503, {"error": "Service Unavailable"})
    assert (await books(http, tokens)).status_code == 503
    assert (await http.get("/")).status_code == 200  # not of the CLOB
    faults.heal()
    assert (await book(http, tokens[0])).status_code == 200
    assert sandbox.statistics().faults_injected == 1


async def test_old_books_are_answered_until_healed(autojump_clock, sandbox, faults, http, tokens):
    before = (await books(http, tokens)).json()
    faults.stale()
    for token in tokens:
        move(sandbox, token)
    assert (await books(http, tokens)).json() == before
    assert (await book(http, tokens[0])).json() == before[0]
    late = sandbox.exchange.create_market("Is this market newer than the fault?").token_ids[0]
    assert (await book(http, late)).status_code == 404
    faults.heal()
    assert (await books(http, tokens)).json() != before
    assert (await book(http, late)).status_code == 200


async def test_old_books_may_be_those_of_some_tokens(autojump_clock, sandbox, faults, http, tokens):
    first, second, *_ = tokens
    before = (await books(http, [first, second])).json()
    faults.stale([first])
    move(sandbox, first)
    move(sandbox, second)
    after = (await books(http, [first, second])).json()
    assert after[0] == before[0]
    assert after[1] != before[1]


async def test_a_settled_market_keeps_its_old_book(autojump_clock, sandbox, faults, http, tokens):
    faults.stale()
    sandbox.exchange.resolve(sandbox.exchange.markets[0].condition_id, 0)
    assert (await book(http, tokens[0])).status_code == 200


async def test_hanging_requests_are_answered_when_it_is_over(autojump_clock, faults, http, tokens):
    faults.hang()
    answers = []
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def ask():
            answers.append(await books(http, tokens))

        await trio.sleep(3600)
        assert answers == []
        faults.heal()
    assert [len(answer.json()) for answer in answers] == [len(tokens)]


async def test_a_client_may_leave_a_hanging_request(autojump_clock, faults, http, tokens):
    faults.hang()
    with trio.move_on_after(10) as patience:
        await book(http, tokens[0])
    assert patience.cancelled_caught
    faults.down()  # replaces it
    assert (await book(http, tokens[0])).status_code == 503


async def test_too_many_requests_are_told_when_to_come_back(autojump_clock, faults, http, tokens):
    faults.limit(2.5)
    for _ in range(2):
        answer = await book(http, tokens[0])
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "2.5"
    faults.heal()
    assert (await book(http, tokens[0])).status_code == 200


@pytest.mark.parametrize("seconds", [-1, float("nan")])
async def test_a_wait_that_is_none_is_refused(autojump_clock, faults, seconds):
    with pytest.raises(ValueError, match="0 or more"):
        faults.limit(seconds)
    assert faults.injected == 0


async def test_the_switches_can_be_reached_by_http(autojump_clock, sandbox, http, tokens):
    async def ask(fault, **more):
        return (await http.post("/sandbox/faults", json={"fault": fault, **more})).status_code

    assert await ask("rest_down") == 200
    assert (await book(http, tokens[0])).status_code == 503
    assert await ask("rest_limit", retry_after=1) == 200
    assert (await book(http, tokens[0])).status_code == 429
    assert await ask("heal") == 200
    before = (await book(http, tokens[0])).json()
    assert await ask("rest_stale", tokens=[tokens[0]]) == 200
    assert await ask("rest_stale") == 200
    move(sandbox, tokens[0])
    assert (await book(http, tokens[0])).json() == before
    assert await ask("rest_hang") == 200
    assert await ask("rest_limit") == 400
    assert await ask("rest_stale", tokens="1") == 400
    assert sandbox.statistics().faults_injected == 5


async def test_the_faults_act_on_real_sockets_too():
    async with (
        open_sandbox(SandboxConfig(rate=0)) as sandbox,
        httpx2.AsyncClient(base_url=sandbox.clob_url, verify=False) as http,
    ):
        faults, token = sandbox.rest_faults, sandbox.exchange.markets[0].token_ids[0]
        before = (await book(http, token)).json()
        faults.stale()
        move(sandbox, token)
        assert (await book(http, token)).json() == before
        faults.limit(1)
        assert (await book(http, token)).headers["Retry-After"] == "1"
        faults.down()
        assert (await book(http, token)).status_code == 503
        faults.hang()
        with trio.move_on_after(0.2) as patience:
            await book(http, token)
        assert patience.cancelled_caught
        async with open_client(sandbox.market_url) as client:
            assert token in await client.open(token)  # not of REST
        faults.heal()
        assert (await book(http, token)).json() != before
        faults.hang()  # must not hinder the end of the sandbox
        async with trio.open_nursery() as nursery:
            nursery.start_soon(book, http, token)
            await trio.sleep(0.05)
            nursery.cancel_scope.cancel()

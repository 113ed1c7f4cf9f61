"""The variables of an account, as people type them."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymarket_realtime._model.credentials import Credentials, Secret, Wallet
from polymarket_realtime.credentials_input import AccountInput, read_account
from polymarket_realtime.errors import CredentialsError, WalletSupportMissing

KEY, SECRET, PASSPHRASE = COMPLETE = (
    "POLYMARKET_API_KEY",
    "POLYMARKET_API_SECRET",
    "POLYMARKET_PASSPHRASE",
)
PRIVATE_KEY, ADDRESS = "POLYGON_PRIVATE_KEY", "POLYGON_ADDRESS"

ACCOUNT = {
    KEY: "3f0c1a52-9d7e-4b86-a2c4-6e5d8f7a9b01",
    SECRET: "c2VjcmV0LW9mLWEtdGVzdC10aGF0LWlzLTMyLWJ5dGU=",
    PASSPHRASE: "5d9a1f" * 10 + "03b7",
}
CREDENTIALS = Credentials(
    api_key=Secret(ACCOUNT[KEY]),
    secret=Secret(ACCOUNT[SECRET]),
    passphrase=Secret(ACCOUNT[PASSPHRASE]),
)
DIGITS = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
"""Public: the private key of the first test account of Hardhat and Anvil."""
OWN = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
OTHER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
WALLET = AccountInput(wallet=Wallet(private_key=Secret(DIGITS), address=OWN), address=OWN)

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def problem_of(environ):
    with pytest.raises(CredentialsError) as caught:
        read_account(environ)
    error = caught.value
    assert str(error) == f"{error.name}: {error.problem}"
    assert (error.value, error.__cause__, error.__context__) == (None, None, None)
    return error


def echoed(text, value):
    """The pieces of six characters of a value that a text repeats."""
    return [piece for i in range(len(value) - 5) if (piece := value[i : i + 6]) in text]


# What is accepted


@pytest.mark.parametrize("environ", [{}, dict.fromkeys((*COMPLETE, PRIVATE_KEY, ADDRESS), " \n")])
def test_no_account_is_no_problem(environ):
    assert read_account(environ) == AccountInput()


def test_the_three_credentials_are_an_account():
    assert read_account(ACCOUNT) == AccountInput(credentials=CREDENTIALS)


def test_an_address_goes_with_them_as_it_is_typed():
    account = read_account({**ACCOUNT, ADDRESS: OTHER.lower()})
    assert account == AccountInput(credentials=CREDENTIALS, address=OTHER.lower())


def test_an_address_alone_is_kept_and_is_no_account():
    assert read_account({ADDRESS: OTHER}) == AccountInput(address=OTHER)


@pytest.mark.parametrize("spelling", ["{}", "0x{}", "0X{}", "  {}\r\n"])
@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_a_private_key_may_be_spelt_as_wallets_spell_it(spelling, case):
    assert read_account({PRIVATE_KEY: spelling.format(case(DIGITS))}) == WALLET


@pytest.mark.parametrize("number", [1, ORDER - 1])
def test_the_first_and_the_last_private_key_are_wallets(number):
    account = read_account({PRIVATE_KEY: f"{number:064x}"})
    assert account.wallet is not None
    assert account.wallet.private_key == Secret(f"{number:064x}")


@pytest.mark.parametrize("case", [str, str.lower, lambda text: "0x" + text[2:].upper()])
def test_an_address_belongs_to_its_key_in_any_case(case):
    assert read_account({PRIVATE_KEY: DIGITS, ADDRESS: case(OWN)}) == WALLET


def test_blanks_around_a_value_do_not_count():
    environ = {name: f"\t{value} \n" for name, value in ACCOUNT.items()}
    assert read_account(environ) == AccountInput(credentials=CREDENTIALS)


def test_an_api_key_is_spelt_as_the_venue_spells_it():
    environ = {**ACCOUNT, KEY: ACCOUNT[KEY].upper()}
    assert read_account(environ) == AccountInput(credentials=CREDENTIALS)


@pytest.mark.parametrize(
    "secret",
    [
        "c2VjcmV0LW9mLWEtdGVzdC10aGF0LWlzLTMyLWJ5dGU",
        "-_-_" * 11,
        "+/+/" * 11,
        "A" * 22 + "==",
        "A" * 171,
    ],
)
def test_a_secret_may_be_spelt_in_either_base64_from_16_to_128_bytes(secret):
    account = read_account({**ACCOUNT, SECRET: secret})
    assert account.credentials is not None
    assert account.credentials.secret == Secret(secret)


def test_other_variables_of_predecessors_are_not_read():
    assert read_account({"POLYMARKET_API_KEY_NAME": "x", "POLYMARKET_ADDRESS": "x"}) == (
        AccountInput()
    )


# Which of the two is used


def test_complete_credentials_need_no_wallet_but_may_take_its_address():
    environ = {**ACCOUNT, PRIVATE_KEY: DIGITS}
    assert read_account(environ) == AccountInput(credentials=CREDENTIALS, address=OWN)


@pytest.mark.parametrize(("address", "known"), [({}, None), ({ADDRESS: OTHER}, OTHER)])
def test_complete_credentials_need_no_library(monkeypatch, address, known):
    monkeypatch.setitem(sys.modules, "eth_account", None)
    environ = {**ACCOUNT, PRIVATE_KEY: DIGITS, **address}
    assert read_account(environ) == AccountInput(credentials=CREDENTIALS, address=known)


def test_without_credentials_the_wallet_is_used():
    assert read_account({PRIVATE_KEY: DIGITS}) == WALLET


def test_a_wallet_that_is_needed_needs_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "eth_account", None)
    with pytest.raises(WalletSupportMissing, match="pip install"):
        read_account({PRIVATE_KEY: DIGITS, ADDRESS: OWN})


@pytest.mark.parametrize(
    ("given_", "problem"),
    [
        ((KEY, PASSPHRASE), f"{SECRET}: not set; "),
        ((KEY, SECRET), f"{PASSPHRASE}: not set; "),
        ((SECRET, PASSPHRASE), f"{KEY}: not set; "),
        ((KEY,), f"{SECRET}: not set, and neither is {PASSPHRASE}; "),
        ((SECRET,), f"{KEY}: not set, and neither is {PASSPHRASE}; "),
        ((PASSPHRASE,), f"{KEY}: not set, and neither is {SECRET}; "),
    ],
)
@pytest.mark.parametrize("wallet", [{}, {PRIVATE_KEY: DIGITS}])
def test_what_is_missing_from_half_a_set_is_named(given_, problem, wallet):
    environ = wallet | {name: ACCOUNT[name] for name in given_}
    assert str(problem_of(environ)) == (
        problem + f"API credentials are complete with all of {KEY}, {SECRET}, {PASSPHRASE}; "
        f"or set none of them, and {PRIVATE_KEY} to derive them"
    )


def test_an_address_that_is_not_of_the_key_is_shown_beside_the_right_one():
    error = problem_of({PRIVATE_KEY: DIGITS, ADDRESS: OTHER})
    assert error.name == ADDRESS
    assert OTHER in error.problem
    assert f"whose address is {OWN}" in error.problem
    assert not echoed(str(error).replace(OWN, ""), DIGITS)


# What is refused


REFUSED = [
    (KEY, "canary-of-a-key", "not a UUID"),
    (KEY, ACCOUNT[KEY].replace("-", ""), "not a UUID"),
    (KEY, "{" + ACCOUNT[KEY] + "}", "not a UUID"),
    (KEY, ACCOUNT[SECRET], "not a UUID"),
    (SECRET, "canary!canary!canary!canary!", "not base64"),
    (SECRET, ACCOUNT[SECRET][:-3], "not base64"),
    (SECRET, "Q2FuYXJ5Q2FuYXJ5", "too short or too long: 16 to 128 bytes"),
    (SECRET, "Q2FuYXJ5" * 22, "too short or too long: 16 to 128 bytes"),
    (SECRET, ACCOUNT[PASSPHRASE], f"are {SECRET} and {PASSPHRASE} swapped?"),
    (SECRET, "7C0ffee1" * 8, f"are {SECRET} and {PASSPHRASE} swapped?"),
    (SECRET, ACCOUNT[KEY], f"looks like an API key; that belongs into {KEY}"),
    (PASSPHRASE, "canary bird", "has blanks or signs beyond ASCII"),
    (PASSPHRASE, "canary-vögel", "has blanks or signs beyond ASCII"),
    (PASSPHRASE, "canary-\udcff\x00", "has blanks or signs beyond ASCII"),
    (PASSPHRASE, "Canary7!" * 33, "longer than 256 characters"),
    (PRIVATE_KEY, "canary-of-a-wallet", "64 hexadecimal digits, with or without 0x"),
    (PRIVATE_KEY, DIGITS[:-1], "64 hexadecimal digits, with or without 0x"),
    (PRIVATE_KEY, DIGITS + "0", "64 hexadecimal digits, with or without 0x"),
    (PRIVATE_KEY, DIGITS[:32] + "\n" + DIGITS[32:], "has blanks or signs beyond ASCII"),
    (PRIVATE_KEY, OWN, f"are {PRIVATE_KEY} and {ADDRESS} swapped?"),
    (PRIVATE_KEY, OWN[2:], f"are {PRIVATE_KEY} and {ADDRESS} swapped?"),
    (PRIVATE_KEY, "0" * 64, "it is zero, or too large"),
    (PRIVATE_KEY, f"{ORDER:064x}", "it is zero, or too large"),
    (PRIVATE_KEY, "0x" + "f" * 64, "it is zero, or too large"),
    (ADDRESS, "canary-of-a-street", "not an address: 0x and 40 hexadecimal digits"),
    (ADDRESS, OWN[2:], "not an address: 0x and 40 hexadecimal digits"),
    (ADDRESS, OWN[:-1], "not an address: 0x and 40 hexadecimal digits"),
    (ADDRESS, DIGITS, "looks like a private key"),
    (ADDRESS, "0x" + DIGITS, "looks like a private key"),
    *((name, f'"{ACCOUNT[name]}"', "has quotes around it") for name in COMPLETE),
    (PRIVATE_KEY, f"'{DIGITS}'", "has quotes around it"),
    (ADDRESS, f"“{OWN}”", "has quotes around it"),
]


@pytest.mark.parametrize(("name", "value", "problem"), REFUSED)
@pytest.mark.parametrize("beside", [ACCOUNT, {}], ids=["in a set", "alone"])
def test_what_cannot_work_is_named_with_what_to_do_and_never_repeated(beside, name, value, problem):
    error = problem_of({**beside, name: value})
    assert error.name == name
    assert problem in error.problem
    assert not echoed(str(error), value)


def test_a_passphrase_given_as_the_secret_is_recognised_whatever_it_looks_like():
    environ = {**ACCOUNT, SECRET: ACCOUNT[SECRET], PASSPHRASE: ACCOUNT[SECRET]}
    error = problem_of(environ)
    assert str(error) == (
        f"{SECRET}: looks like the passphrase; are {SECRET} and {PASSPHRASE} swapped?"
    )


@pytest.mark.parametrize("name", COMPLETE)
@pytest.mark.parametrize("spelling", ["{}", "0x{}"])
def test_a_private_key_in_the_place_of_a_credential_is_never_sent(name, spelling):
    error = problem_of({**ACCOUNT, PRIVATE_KEY: DIGITS, name: spelling.format(DIGITS)})
    assert error.name == name
    assert f"the same as {PRIVATE_KEY}" in error.problem
    assert not echoed(str(error), DIGITS)


def test_a_value_that_is_not_needed_must_still_be_right():
    assert problem_of({**ACCOUNT, PRIVATE_KEY: "canary"}).name == PRIVATE_KEY
    assert problem_of({PRIVATE_KEY: DIGITS, KEY: "canary"}).name == KEY


@given(
    name=st.sampled_from([*COMPLETE, PRIVATE_KEY, ADDRESS]),
    value=st.text(st.sampled_from("0123456789+/_=\"' \n\x7fé€\udcff"), min_size=1, max_size=300),
)
def test_whatever_is_typed_is_taken_or_refused_without_an_echo(name, value):
    refused = ""
    try:
        read_account({**ACCOUNT, name: value})
    except CredentialsError as error:
        refused = f"{error} {error!r} {vars(error)}"
    assert not echoed(refused, value)

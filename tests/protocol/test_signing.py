"""Signatures of requests, against vectors that the official clients publish as well."""

import base64
import json
import subprocess
import sys
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymarket_realtime._model.credentials import Credentials, Secret
from polymarket_realtime._protocol.signing import (
    address_of,
    decode_api_secret,
    sign_l1,
    sign_l2,
)
from polymarket_realtime.errors import CredentialsError, WalletSupportMissing

PRIVATE_KEY = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
"""Public: the first test account of Hardhat and Anvil."""
ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"

L1_VECTORS = [
    (
        {"timestamp": 1_700_000_000, "nonce": 42},
        (
            "0x8e61f918d542a48ff9433fb6cc4c172a2763ad53dda8afa07f77321e2e0a1e30"
            "55f29fac1408e0020dca977190fd4f01b1c73b5e2078be29c88a32887945fe2a1b"
        ),
    ),
    (
        {"timestamp": 10_000_000, "nonce": 23, "chain_id": 80_002},
        (
            "0xf62319a987514da40e57e2f4d7529f7bac38f0355bd88bb5adbb3768d80de6c1"
            "682518e0af677d5260366425f4361e7b70c25ae232aff0ab2331e2b164a1aedc1b"
        ),
    ),
]
L2_REQUEST = {
    "timestamp": 1_000_000,
    "method": "test-sign",
    "path": "/orders",
    "body": '{"hash": "0x123"}',
}
L2_SECRET = "A" * 43 + "="
L2_SIGNATURE = "ZwAdJKvoYRlEKDkNMwd5BuwNNtg93kNaR_oU2HrfVvc="


def credentials(secret):
    return Credentials(
        api_key=Secret("the-key"), secret=Secret(secret), passphrase=Secret("the-passphrase")
    )


def l2_signature(secret, **changes):
    signed = sign_l2(credentials(secret), address=None, **(L2_REQUEST | changes))
    return signed["POLY_SIGNATURE"]


# By the key of a wallet


@pytest.mark.parametrize("spelling", ["", "0x"])
@pytest.mark.parametrize(("request_", "signature"), L1_VECTORS)
def test_a_wallet_signs_as_the_official_clients_do(request_, signature, spelling):
    assert sign_l1(Secret(spelling + PRIVATE_KEY), **request_) == {
        "POLY_ADDRESS": ADDRESS,
        "POLY_SIGNATURE": signature,
        "POLY_TIMESTAMP": str(request_["timestamp"]),
        "POLY_NONCE": str(request_["nonce"]),
    }


def test_the_first_credentials_on_the_main_network_are_the_default():
    key = Secret(PRIVATE_KEY)
    assert sign_l1(key, timestamp=7) == sign_l1(key, timestamp=7, nonce=0, chain_id=137)


@pytest.mark.parametrize("changes", [{"timestamp": 8}, {"nonce": 1}, {"chain_id": 1}])
def test_everything_that_is_asked_is_signed(changes):
    key, asked = Secret(PRIVATE_KEY), {"timestamp": 7}
    signed, other = sign_l1(key, **asked), sign_l1(key, **(asked | changes))
    assert signed["POLY_SIGNATURE"] != other["POLY_SIGNATURE"]


def test_the_address_of_a_key_is_spelt_with_its_checksum():
    assert address_of(Secret(PRIVATE_KEY.upper())) == ADDRESS


@pytest.mark.parametrize(
    "key",
    ["canary", "c0" * 31, "c0" * 33, "0" * 64, "f" * 64, "zy" * 32, "ä" * 64, ADDRESS, ""],
)
@pytest.mark.parametrize("use", [address_of, lambda key: sign_l1(key, timestamp=1)])
def test_what_is_no_key_is_refused_without_a_trace_of_it(use, key):
    with pytest.raises(CredentialsError, match="POLYGON_PRIVATE_KEY: not a private key") as caught:
        use(Secret(key))
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    own = [frame for frame in traceback.walk_tb(caught.tb) if "realtime" in str(frame[0].f_code)]
    held = repr([frame.f_locals for frame, _ in own])
    assert own
    assert "<secret>" in held
    assert not key or key not in held


@pytest.mark.parametrize("use", [address_of, lambda key: sign_l1(key, timestamp=1)])
def test_without_the_library_the_extra_is_named(monkeypatch, use):
    monkeypatch.setitem(sys.modules, "eth_account", None)
    with pytest.raises(WalletSupportMissing, match=r"pip install 'polymarket-realtime\[wallet\]'"):
        use(Secret(PRIVATE_KEY))


def test_credentials_sign_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "eth_account", None)
    assert l2_signature(L2_SECRET) == L2_SIGNATURE


# By API credentials


def test_credentials_sign_as_the_official_clients_do():
    assert sign_l2(credentials(L2_SECRET), address=ADDRESS, **L2_REQUEST) == {
        "POLY_ADDRESS": ADDRESS,
        "POLY_SIGNATURE": L2_SIGNATURE,
        "POLY_TIMESTAMP": "1000000",
        "POLY_API_KEY": "the-key",
        "POLY_PASSPHRASE": "the-passphrase",
    }


def test_an_unknown_address_is_left_out_and_is_no_part_of_the_signature():
    signed = sign_l2(credentials(L2_SECRET), address=None, **L2_REQUEST)
    assert signed["POLY_SIGNATURE"] == L2_SIGNATURE
    assert "POLY_ADDRESS" not in signed


@pytest.mark.parametrize(
    "changes", [{"timestamp": 2}, {"method": "GET"}, {"path": "/"}, {"body": "{}"}]
)
def test_every_part_of_a_request_is_signed(changes):
    assert l2_signature(L2_SECRET, **changes) != L2_SIGNATURE


def test_no_body_is_signed_like_an_empty_one():
    assert l2_signature(L2_SECRET, body=None) == l2_signature(L2_SECRET, body="")


@given(
    key=st.binary(min_size=1, max_size=96),
    encode=st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]),
    padded=st.booleans(),
)
def test_any_spelling_of_a_secret_signs_the_same(key, encode, padded):
    text = encode(key).decode()
    spelt = text if padded else text.rstrip("=")
    assert decode_api_secret(Secret(spelt)) == key
    assert l2_signature(spelt) == l2_signature(base64.b64encode(key).decode())


@pytest.mark.parametrize("secret", ["canary in a mine", "canary!!", "canar", "AAAA=AAA", "ääää"])
def test_what_is_no_base64_is_refused_without_a_trace_of_it(secret):
    with pytest.raises(CredentialsError, match="POLYMARKET_API_SECRET: not base64") as caught:
        l2_signature(secret)
    assert caught.value.__context__ is None
    assert secret not in str(caught.value)


# The same vectors as they were collected


def test_collected_vectors_of_wallets(captures):
    for vector in json.loads((captures / "test-vectors/auth.json").read_text())["clob_auth_l1"]:
        asked = {"nonce": vector["nonce"], "chain_id": vector["chain_id"]}
        signed = sign_l1(Secret(PRIVATE_KEY), timestamp=int(vector["timestamp"]), **asked)
        assert signed["POLY_SIGNATURE"] == vector["signature"]


def test_collected_vectors_of_credentials(captures):
    for vector in json.loads((captures / "test-vectors/auth.json").read_text())["l2_hmac"]:
        asked = {name: vector[name] for name in ("method", "path", "body")}
        assert (
            l2_signature(vector["secret"], timestamp=int(vector["timestamp"]), **asked)
            == (vector["signature"])
        )


def test_the_library_for_signing_does_not_take_the_guard_against_deep_json_away():
    program = (
        "import sys; from polymarket_realtime._model.credentials import Secret; "
        "from polymarket_realtime._protocol.signing import address_of; "
        "address_of(Secret('ac' * 32)); "
        "print('eth_account' in sys.modules, sys.getrecursionlimit())"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True, timeout=60
    )
    assert printed.stdout.split() == ["True", "1000"]

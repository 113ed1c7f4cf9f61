"""What the venue's REST says about one's own account, asked in the account's name.

Source: docs.polymarket.com, "Authentication", "Orders", "Trades".
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar

import trio

from polymarket_realtime._codec.account import (
    FIRST_CURSOR,
    Page,
    decode_api_keys,
    decode_credentials,
    decode_order,
    decode_orders_page,
    decode_trades_page,
)
from polymarket_realtime._codec.user_frames import OrderFrame, TradeFrame
from polymarket_realtime._model.credentials import (
    CREDENTIAL_VARIABLES,
    WALLET_VARIABLES,
    Credentials,
    Wallet,
)
from polymarket_realtime._protocol.signing import address_of, sign_l1, sign_l2
from polymarket_realtime._venue.rest import RestClient, Scope
from polymarket_realtime._venue.signed import SignedCalls
from polymarket_realtime.errors import (
    AuthenticationRequired,
    CodecError,
    CredentialsError,
    CredentialsRejected,
    NoApiKey,
    RestFailed,
)
from polymarket_realtime.settings import Settings

__all__ = ["AccountApi"]

log = logging.getLogger("polymarket_realtime.account")

_MOST_PAGES: Final = 500
_ORDER_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,128}")

Value = TypeVar("Value")


class AccountApi:
    """What the venue's REST says about one account, asked in its name.

    Credentials that were derived from a wallet are kept in memory only. Each page of an answer
    is bounded by `Settings.lookup_timeout`. Apart from what the methods name, all of them that
    ask raise `CredentialsRejected` if the credentials cannot even sign.
    """

    def __init__(
        self, settings: Settings, rest: RestClient, *, wall: Callable[[], float] = time.time
    ) -> None:
        self._settings, self._rest = settings, rest
        self._signed = SignedCalls(settings.clob_url, rest, wall)
        self._given = settings.credentials
        self._derived: Credentials | None = None
        self._own_address: str | None = None
        self._deriving = trio.Lock()

    @property
    def configured(self) -> bool:
        """Whether there are credentials, or a wallet to derive them with."""
        return self.credentials is not None or self._settings.wallet is not None

    @property
    def credentials(self) -> Credentials | None:
        """Those given, or else those derived so far."""
        return self._given or self._derived

    @property
    def address(self) -> str | None:
        """Who signs; None if it was not given, or not yet found from the wallet."""
        return self._own_address or self._settings.address

    @property
    def clock_offset(self) -> float:
        """Seconds added to this machine's clock in signatures; 0 unless it has proven wrong."""
        return self._signed.clock_offset

    async def measure_clock(self) -> float:
        """How many seconds the venue's clock is ahead of this machine's, to about a second.

        Raises:
            RestFailed: It could not be asked for the time.
        """
        return await self._signed.measure_clock()

    def scrub(self, text: bytes) -> bytes:
        """Take the credentials out of data that is to be kept."""
        return text if self.credentials is None else self.credentials.scrub(text)

    def scrub_words(self, words: str) -> str:
        """Take every piece of the credentials out of somebody's words."""
        return words if self.credentials is None else self.credentials.scrub_words(words)

    def replace(self, credentials: Credentials) -> None:
        """Use these in place of any that there were."""
        self._given, self._derived = credentials, None

    def forget_derived(self) -> None:
        """Have credentials derived anew, if they came from the wallet."""
        self._derived = None

    async def prepare(self, *, create: bool = True) -> Credentials:
        """The credentials, asked of the venue if there is only a wallet.

        Callers at the same time share one derivation.

        Args:
            create: Whether to have credentials made for a wallet that has none.

        Raises:
            AuthenticationRequired: There is neither.
            CredentialsRejected: The venue refuses the wallet's signature.
            NoApiKey: The wallet has none, and `create` is false.
            WalletSupportMissing: The extra `wallet` is not installed.
            RestFailed: The venue could not be asked.
        """
        async with self._deriving:
            if self.credentials is None:
                self._derived = await self._derive(self._wallet(), create=create)
        assert self.credentials is not None, "they were just derived"
        return self.credentials

    async def check(self) -> None:
        """Make sure that the venue accepts the credentials.

        Raises:
            Unauthorized: It does not.
            RestFailed: It could not be asked.
        """
        await self._ask("/auth/api-keys", decode_api_keys, scope=Scope.AUTH)

    async def open_orders(self) -> list[OrderFrame]:
        """All orders that can still trade.

        Raises:
            Unauthorized: The venue does not accept the signature.
            RestFailed: It could not be asked, or its pages do not end.
        """
        return await self._pages("/data/orders", decode_orders_page)

    async def trades(self, after: int) -> list[TradeFrame]:
        """All trades after a Unix time in seconds.

        Raises:
            Unauthorized: The venue does not accept the signature.
            RestFailed: It could not be asked, or its pages do not end.
        """
        return await self._pages("/data/trades", decode_trades_page, [("after", str(after))])

    async def order(self, order_id: str) -> OrderFrame | None:
        """An order in any state; None if the venue does not know it, or cannot by such an id.

        Raises:
            Unauthorized: The venue does not accept the signature.
            RestFailed: It could not be asked.
        """
        if _ORDER_ID.fullmatch(order_id) is None:
            # It becomes part of a path, and would lead elsewhere.
            await trio.lowlevel.checkpoint()
            return None
        try:
            return await self._ask(f"/data/order/{order_id}", decode_order)
        except RestFailed as error:
            if error.status != 404:
                raise
        return None

    async def _pages(
        self,
        path: str,
        decode: Callable[[bytes], Page[Value]],
        params: Sequence[tuple[str, str]] = (),
    ) -> list[Value]:
        cursor: str | None = FIRST_CURSOR
        seen: set[str] = set()
        rows: list[Value] = []
        malformed = 0
        while cursor is not None:
            if cursor in seen or len(seen) == _MOST_PAGES:
                # What is known would look complete, and is not.
                problem = f"its pages do not end, after {len(seen)} of them"
                raise RestFailed(self._settings.clob_url + path, problem)
            seen.add(cursor)
            page = await self._ask(path, decode, [*params, ("next_cursor", cursor)])
            rows += page.rows
            malformed += page.malformed
            cursor = page.next_cursor
        if malformed:
            log.warning("%s: %d of %d rows are unreadable", path, malformed, malformed + len(rows))
        return rows

    async def _ask(
        self,
        path: str,
        decode: Callable[[bytes], Value],
        params: Sequence[tuple[str, str]] = (),
        *,
        scope: Scope = Scope.LEDGER,
    ) -> Value:
        """A signed GET with the API credentials; what comes back is scrubbed of them."""
        try:
            credentials = await self.prepare()
            address = await self._find_address()

            async def sign_at(timestamp: int) -> Mapping[str, str]:
                return sign_l2(
                    credentials, address=address, timestamp=timestamp, method="GET", path=path
                )

            answer = await self._signed.request(
                "GET", path, sign_at, scope=scope, params=params, scrub=credentials.scrub
            )
        except CredentialsError as error:
            raise CredentialsRejected(str(error)) from error
        return self._decoded(path, decode, answer)

    def _decoded(self, path: str, decode: Callable[[bytes], Value], answer: bytes) -> Value:
        try:
            return decode(answer)
        except CodecError as error:
            raise RestFailed(self._settings.clob_url + path, str(error)) from error

    def _wallet(self) -> Wallet:
        if self._settings.wallet is None:
            raise AuthenticationRequired(
                "one's own orders and trades", CREDENTIAL_VARIABLES, WALLET_VARIABLES
            )
        return self._settings.wallet

    async def _find_address(self) -> str | None:
        wallet = self._settings.wallet
        if self.address is None and wallet is not None:
            # In a thread: eth-account takes most of a second to import.
            self._take_address(await trio.to_thread.run_sync(address_of, wallet.private_key))
        return self.address

    def _take_address(self, address: str) -> None:
        given = self._settings.address
        if self._own_address is None and given and given.lower() != address.lower():
            log.warning("POLYGON_ADDRESS is not the address of POLYGON_PRIVATE_KEY: %s", address)
        self._own_address = address

    async def _derive(self, wallet: Wallet, *, create: bool) -> Credentials:
        try:
            return await self._ask_wallet("GET", "/auth/derive-api-key", wallet)
        except RestFailed as error:
            # The venue's way to say that there are none.
            if error.status not in (400, 404):
                raise
        if not create:
            raise NoApiKey(self.address)
        return await self._ask_wallet("POST", "/auth/api-key", wallet)

    async def _ask_wallet(self, method: str, path: str, wallet: Wallet) -> Credentials:
        async def sign_at(timestamp: int) -> Mapping[str, str]:
            headers = await trio.to_thread.run_sync(
                partial(sign_l1, wallet.private_key, timestamp=timestamp)
            )
            self._take_address(headers["POLY_ADDRESS"])
            return headers

        try:
            answer = await self._signed.request(method, path, sign_at, scope=Scope.AUTH)
        except RestFailed as error:
            if error.status not in (401, 403):
                raise
            raise CredentialsRejected(error.problem) from error
        return self._decoded(path, decode_credentials, answer)

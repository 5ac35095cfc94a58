# SPDX-License-Identifier: Apache-2.0
"""Load with a witness: many callers at once, and a list of what they were told, kept outside the sidecar."""
import threading

import client
import harness
import messages

GUARD_S = 60


class Told:
    """One answer that carried a receipt: the session, the receipt, and how many prompts came with it."""

    def __init__(self, session, receipt, prompts):
        self.session, self.receipt, self.prompts = session, receipt, prompts


class Traffic:
    """Callers that rank again and again until their calls fail or they are told to stop."""

    def __init__(self, address, callers, sessions):
        self.told = []  # in the order of arrival
        self._sessions = sessions
        self._changed = threading.Condition()
        self._over = False
        self._clients = [client.Client(address) for _ in range(4)]
        self._threads = [threading.Thread(target=self._rank, args=(number,), daemon=True)
                         for number in range(callers)]
        for thread in self._threads:
            thread.start()

    def _rank(self, number):
        caller = self._clients[number % len(self._clients)]
        turn = number
        while not self._over:
            session = self._sessions[turn % len(self._sessions)]
            turn += len(self._threads) + 1
            answer = caller.call(harness.RANK, messages.request(session), timeout=GUARD_S)
            if not answer.messages:
                break
            receipt = client.value(answer.trailing, "rankguard-decision")
            if receipt:
                prompts = len(messages.parsed(answer.messages[0]).prompts)
                with self._changed:
                    self.told.append(Told(session, receipt, prompts))
                    self._changed.notify_all()

    def wait_for(self, count):
        """Returns when so many receipts have arrived."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.told) >= count, GUARD_S), "no traffic"

    def stop(self):
        """Returns what was told, when every caller has ended."""
        self._over = True
        for thread in self._threads:
            thread.join(GUARD_S)
            assert not thread.is_alive(), "a call neither ended nor failed"
        for one in self._clients:
            one.close()
        return self.told

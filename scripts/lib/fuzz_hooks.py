"""How the fuzzer of scripts/fuzz_api.sh logs in, again whenever a case ended its session."""

import os
from typing import Any

import requests
import schemathesis

URL, HOST = os.environ["FUZZ_URL"], os.environ["FUZZ_HOST"]
CREDENTIALS = {"email": os.environ["FUZZ_EMAIL"], "password": os.environ["FUZZ_PASSWORD"]}


class Login:
    """The access token that requests are sent with."""

    token = ""

    def fresh(self) -> str:
        """Return a token that was good when it was last used."""
        if not self.token:
            headers = {"Host": HOST}
            answer = requests.post(
                f"{URL}/api/auth/login", json=CREDENTIALS, headers=headers, timeout=30
            )
            answer.raise_for_status()
            self.token = answer.json()["access_token"]
        return self.token


login = Login()


@schemathesis.auth(refresh_interval=None)
class Bearer:
    """Sends the token with each case."""

    def get(self, case: Any, context: Any) -> str:
        return login.fresh()

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Forget a token that was refused."""
    sent = (case.headers or {}).get("Authorization", "")
    if response.status_code == 401 and login.token and sent.endswith(login.token):
        login.token = ""

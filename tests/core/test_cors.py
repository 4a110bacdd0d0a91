"""CORS: only listed origins may read responses."""

import pytest

from tests.support.factories import Agency


class TestOrigins:
    """CORS with a list of origins."""

    def preflight(self, acme: Agency, origin: str):
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "authorization, if-match, idempotency-key",
        }
        return acme.host.request("OPTIONS", "/api/users/me", headers=headers)

    def test_of_the_list(self, acme: Agency):
        answer = self.preflight(acme, "http://localhost:3000")

        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
        assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
        assert "if-match" in answer.headers["Access-Control-Allow-Headers"]
        assert "Access-Control-Allow-Credentials" not in answer.headers

    @pytest.mark.parametrize(
        "origin",
        ["http://evil.test", "null", "http://localhost:3000.evil.test", "https://localhost:3000"],
    )
    def test_without_credential(self, acme: Agency, origin: str):
        assert "Access-Control-Allow-Origin" not in self.preflight(acme, origin).headers
        answer = acme.owner.at.get("/api/users/me", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in answer.headers

    @pytest.mark.parametrize("path", ["/api/nothing", "/api/users/me"])
    def test_errors_can_be_read(self, acme: Agency, path: str):
        answer = acme.host.get(path, headers={"Origin": "http://localhost:3000"})

        assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
        assert "x-request-id" in answer.headers["Access-Control-Expose-Headers"].lower()
        assert "origin" in answer.headers["Vary"].lower()

"""The same server by plain HTTP, for what no published client can ask or show."""

import os

import httpx


class Raw:
    def __init__(self):
        self.http = httpx.Client(
            base_url=os.environ["LEAP0_BASE_URL"],
            headers={"authorization": f"Bearer {os.environ['LEAP0_API_KEY']}"},
            timeout=30,
        )

    def sandbox(self, sandbox):
        return self._json("GET", f"/v1/sandbox/{sandbox.id}", 200)

    def stop(self, sandbox):
        return self._json("POST", f"/v1/sandbox/{sandbox.id}/stop", 200)

    def start(self, sandbox):
        return self._json("POST", f"/v1/sandbox/{sandbox.id}/start", 200)

    def total(self, what):
        return self._json("GET", f"/v1/{what}", 200)["total_items"]

    def status(self, method, path, **kwargs):
        return self.http.request(method, path, **kwargs).status_code

    def _json(self, method, path, status):
        answer = self.http.request(method, path)
        if answer.status_code != status:
            raise AssertionError(f"{method} {path} is {answer.status_code}: {answer.text}")
        return answer.json()

"""The API's description through the routes of the template, as a browser asks for it."""

import re
from urllib.parse import urljoin

import pytest
import urllib3

from forgeledger.sdk import Endpoints

pytestmark = pytest.mark.integration


def test_the_page_leads_to_its_files_and_the_document(endpoints: Endpoints) -> None:
    page_url = f"{endpoints.needed_api_url()}/swagger"
    page = urllib3.request("GET", page_url)
    names = re.findall(r'="(swagger/[^"]+)"', page.data.decode())

    assert len(names) == 3
    for name in (*names, "openapi.json"):
        url = urljoin(page_url, name)
        plain = urllib3.request("GET", url, headers={"accept-encoding": "identity"})
        compressed = urllib3.request("GET", url, headers={"accept-encoding": "gzip"})
        unchanged = urllib3.request("GET", url, headers={"if-none-match": plain.headers["etag"]})

        assert "content-encoding" not in plain.headers
        assert compressed.headers["content-encoding"] == "gzip"
        assert compressed.data == plain.data
        assert (unchanged.status, unchanged.data) == (304, b"")

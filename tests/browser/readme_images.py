"""The images of README.md: a few pages of a workspace in use (scripts/screenshots.sh --readme).

Not a test: its name keeps it out of other runs. The files are WebP, which Chromium encodes.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from accounts.models import User
from accounts.users.creation import insert_user
from files.models import File, FileVersion
from tenants.context import tenant_context
from tests.support.browser import Browser, logged_in
from tests.support.factories import Agency, create_agency
from tests.support.files.form_uploads import add_file
from tests.support.files.shares import create_share, share_path
from tests.support.http_client import Site
from tests.support.pages.profiles import Profiles

MOST_BYTES = 100_000
MIB = 1024 * 1024
FILES = {
    "Café Aurora/teaser-v4.mov": 920 * MIB,
    "Café Aurora/poster-a2.tif": 640 * MIB,
    "Lojas Sul/catalogue.pdf": 31 * MIB,
    "brand-guide.pdf": 24 * MIB,
    "budget-2027.xlsx": 184_320,
    "contract.pdf": 412_000,
    "interview-ana.wav": 86 * MIB,
    "minutes.txt": 2_310,
}
PEOPLE = {
    "Ana Ribeiro": "admin",
    "Caio Mendes": "member",
    "Júlia Prado": "member",
    "Tomás Oliveira": "member",
}
IMAGE = Path(__file__).resolve().parents[2] / "templates/static/aggios/card.png"
TO_WEBP = """async (png) => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", 0.85).split(",")[1];
}"""


@dataclass(frozen=True)
class Shown:
    """One image: a path of a host, in a language and a theme."""

    name: str
    path: str
    is_site: bool = False
    is_public: bool = False
    language: str = "en"
    theme: str = "light"


SHOWN = [
    Shown("front", "/", is_site=True, is_public=True),
    Shown("files", "/files"),
    Shown("people", "/people"),
    Shown("link", "{share}", is_public=True),
    Shown("settings-pt-br-dark", "/settings", language="pt-BR", theme="dark"),
]


@pytest.fixture(scope="module")
def agency(site: Site) -> Agency:
    """A workspace with people, files and a link."""
    names = {
        "company": "Norte Publicidade",
        "first_name": "Marina",
        "last_name": "Dias",
        "email": "marina@norte.example",
    }
    made = create_agency(site, "norte", **names)
    with tenant_context(made.ref):
        for name, role in PEOPLE.items():
            first, last = name.split()
            email = f"{first.lower()}@norte.example".replace("ú", "u").replace("á", "a")
            insert_user(
                User(email=email, password="!", role=role, first_name=first, last_name=last)
            )
    for name in FILES:
        add_file(made.owner.at, name.rpartition("/")[2], name.encode(), path=name)
    with tenant_context(made.ref):
        for name, size in FILES.items():
            FileVersion.objects.filter(file__name=name).update(size=size)
            File.objects.filter(name=name).update(size=size)
    return made


@pytest.fixture(scope="module")
def share(agency: Agency) -> str:
    """Return the path of a link to an image."""
    image = add_file(agency.owner.at, "campaign-cover.png", IMAGE.read_bytes())
    return share_path(create_share(agency.owner.at, image["id"]))


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: shown.name)
def test_readme_has_images(
    request: pytest.FixtureRequest,
    page_of: Profiles,
    site: Site,
    agency: Agency,
    share: str,
    shown: Shown,
):
    folder = Path(request.config.getoption("--screenshots"))
    opened: Callable[..., Browser] = logged_in
    browser = None if shown.is_public else opened(site, agency, language=shown.language)
    host = site.host("") if shown.is_site else agency.host
    page = page_of(host, language=shown.language, theme=shown.theme, cookies_of=browser, width=1280)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(shown.path.format(share=share))
    page.wait_for_load_state("networkidle")

    png = base64.b64encode(page.screenshot()).decode()
    page.goto("about:blank")
    webp = base64.b64decode(page.evaluate(TO_WEBP, png))

    (folder / f"{shown.name}.webp").write_bytes(webp)
    assert len(webp) < MOST_BYTES

"""Photos on a phone: made smaller before they are sent, refused in words, looked at, removed."""

import io
import re
from typing import Any

import pytest
from PIL import Image

from tests.attachments.conftest import jpeg, scene, written
from tests.attachments.test_images import told_exif
from tests.browser.conftest import PHONE, axe, overflow, use_language
from tests.demo_world import World

pytestmark = pytest.mark.browser


def file(content: bytes, name: str = "IMG_2041.jpg", kind: str = "image/jpeg") -> dict[str, Any]:
    return {"name": name, "mimeType": kind, "buffer": content}


def open_form(page: Any, world: World) -> None:
    page.goto(world.url("/incidents/{in_review}/"))
    if page.locator("#photos details").get_attribute("open") is None:
        page.locator("#photos summary").click()


def faults(page: Any) -> list[str]:
    return [*axe(page), *overflow(page)]


def test_a_photo_is_added_looked_at_and_removed_on_a_phone_in_arabic(
    visit: Any, demo_world: World
) -> None:
    page = visit("supervisor", viewport=PHONE, has_touch=True, language="ar")
    open_form(page, demo_world)
    before = page.locator("#photos .photo").count()
    bodies: list[bytes] = []
    page.on(
        "request",
        lambda r: bodies.append(r.post_data_buffer or b"") if r.method == "POST" else None,
    )
    large = written(scene(3000, 2000), "JPEG", exif=told_exif(6))
    page.locator("[data-photos]").set_input_files([file(large), file(jpeg(7), "ثانية.jpg")])
    page.locator("[data-photos-said]:not(:empty)").wait_for()
    assert faults(page) == []
    page.locator("#photos [name=photo-caption]").fill("بوابة السوق")
    page.locator("#photos button[type=submit]").click()
    page.locator(".message").wait_for()

    assert page.locator("#photos .photo").count() == before + 2
    assert len(bodies) == 1
    # What the camera wrote never left the phone, nor did the names of the files.
    assert b"SECRET-MARK" not in bodies[0]
    assert b"IMG_2041" not in bodies[0]
    assert len(bodies[0]) < len(large) + 100_000
    page.locator("#photos .photo").nth(before).click()
    page.locator(".photo-full").wait_for()
    # It is on the page before its bytes are: a busy server sends them a moment later.
    page.wait_for_function("document.querySelector('.photo-full').complete")
    assert page.evaluate("document.querySelector('.photo-full').naturalHeight") == 1600
    assert page.evaluate("document.querySelector('.photo-full').naturalWidth") == 1067
    assert page.locator("[data-leave-url]").is_visible()
    assert faults(page) == []
    page.locator("details:has([name=reason]) summary").click()
    page.locator("[name=reason]").fill("تظهر فيها سيارة")
    page.locator("details .btn-danger").click()
    page.locator(".message").wait_for()
    assert page.locator("#photos .photo").count() == before + 1


def test_a_refusal_stands_at_the_field_and_the_rest_is_kept(visit: Any, demo_world: World) -> None:
    page = visit("supervisor", viewport=PHONE)
    open_form(page, demo_world)
    before = page.locator("#photos .photo").count()
    page.locator("[data-photos]").set_input_files([file(jpeg(11)), file(b"no photo at all")])
    page.locator("[data-photos-said]:not(:empty)").wait_for()
    page.locator("#photos [name=photo-caption]").fill("Corner")
    page.locator("#photos button[type=submit]").click()
    page.locator("#photos .field-error").wait_for()

    assert "Photo 2" in page.locator("#photos .field-error").inner_text()
    assert page.locator("#photos [name=photo-caption]").input_value() == "Corner"
    assert page.locator("#photos .photo").count() == before + 1
    assert faults(page) == []


def test_all_of_it_works_without_script_and_by_keyboard(visit: Any, demo_world: World) -> None:
    page = visit("supervisor", viewport=PHONE)
    state = page.context.storage_state()
    plain = page.context.browser.new_context(
        viewport=PHONE, java_script_enabled=False, storage_state=state
    )
    still = plain.new_page()
    still.goto(demo_world.url("/incidents/{in_review}/"))
    before = still.locator("#photos .photo").count()
    still.locator("#photos summary").focus()
    still.keyboard.press("Enter")
    still.locator("[data-photos]").set_input_files(file(jpeg(9)))
    still.locator("#photos button[type=submit]").focus()
    still.keyboard.press("Enter")
    still.wait_for_url(re.compile("#photos$"))
    assert still.locator("#photos .photo").count() == before + 1
    still.locator("#photos .photo").last.focus()
    still.keyboard.press("Enter")
    still.wait_for_url(re.compile("/photos/"))
    picture = plain.request.get(still.url + "picture/")
    assert picture.headers["cache-control"].find("no-store") >= 0
    with Image.open(io.BytesIO(picture.body())) as opened:
        assert opened.size == (400, 300)
    still.locator("[rel=prev]").focus()
    still.keyboard.press("Enter")
    still.locator(".photo-full").wait_for()
    plain.close()


def test_a_phone_that_makes_photos_smaller_keeps_them_over_refused_words(
    visit: Any, demo_world: World
) -> None:
    page = visit("supervisor", viewport=PHONE)
    use_language(page, "en")
    open_form(page, demo_world)
    page.locator("[data-photos]").set_input_files([file(jpeg(5))])
    page.locator("[data-photos-said]:not(:empty)").wait_for()
    page.locator("#photos [name=photo-caption]").evaluate(
        "field => { field.removeAttribute('maxlength'); field.value = 'x'.repeat(300); }"
    )
    page.locator("#photos button[type=submit]").click()
    page.locator("#photos .field-error").wait_for()

    assert page.locator("[data-photos]").evaluate("field => field.files.length") == 1

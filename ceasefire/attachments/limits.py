"""Every limit on photos, in one place. Sizes are in octets, lengths in pixels."""

from datetime import timedelta

MEGABYTE = 1024 * 1024

#: One file as it comes in. A page with script makes photos smaller on the phone, so that this is
#: met only by photos that are sent as they were taken.
FILE = 5 * MEGABYTE
#: Files sent at once, and all of one request together.
FILES_AT_ONCE = 8
REQUEST = 20 * MEGABYTE
#: Of a request that is too large this much is read and forgotten, so that the browser hears the
#: answer; the connection of a larger one is simply closed.
HEARD_OUT = 60 * MEGABYTE

#: Width times height by the file's own head, before a pixel is read. A JPEG is read small from the
#: start; the others are opened whole, at up to four octets a pixel.
PIXELS = {"JPEG": 40_000_000, "PNG": 16_000_000, "WEBP": 16_000_000}
#: A side longer than this is no photo.
SIDE = 20_000
#: A colour profile larger than this is not looked at.
PROFILE = 64 * 1024

#: The longer side of what is kept, and its JPEG quality.
PICTURE_SIDE, PICTURE_QUALITY = 1600, 80
THUMBNAIL_SIDE, THUMBNAIL_QUALITY = 320, 70

#: Photos of one record, and of one person on one day, removed ones included.
PER_SUBJECT = 20
PER_DAY = 60
CAPTION = 200

#: A removed photo can be asked for again of the keeper of the keys until then; then it is gone.
ERASED_AFTER = timedelta(days=30)

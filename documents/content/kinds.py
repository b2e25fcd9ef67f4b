"""Which files can be read, drawn, converted and recognised, told by the type of their content."""

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
OPEN = "application/vnd.oasis.opendocument."

READERS = {  # type of content → module and function that read it in the worker process
    "application/pdf": "pdf:read",
    WORD: "office:read_word",
    SLIDES: "office:read_slides",
    f"{OPEN}text": "office:read_opendocument",
    f"{OPEN}presentation": "office:read_opendocument",
    f"{OPEN}graphics": "office:read_opendocument",
    SHEET: "sheets:read",
    "application/vnd.ms-excel": "sheets:read",
    f"{OPEN}spreadsheet": "sheets:read",
    "message/rfc822": "letters:read",
    "application/vnd.ms-outlook": "letters:read_outlook",
    "text/html": "markup:read",
    "application/xml": "markup:read_xml",
    "image/svg+xml": "markup:read_xml",
    "application/zip": "archive:read",
    "text/plain": "plain:read",
    "text/csv": "plain:read",
    "text/markdown": "plain:read",
    "text/calendar": "plain:read",
    "text/vcard": "plain:read",
    "application/json": "plain:read",
}
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/tiff", "image/bmp"})
CONVERTED = frozenset(  # LibreOffice makes a PDF of these, where it is installed
    {
        WORD,
        SLIDES,
        f"{OPEN}text",
        f"{OPEN}presentation",
        f"{OPEN}graphics",
        "application/msword",
        "application/vnd.ms-powerpoint",
        "application/rtf",
        SHEET,
        f"{OPEN}spreadsheet",
        "application/vnd.ms-excel",
    }
)


def reader_of(media_type: str) -> str | None:
    """What reads this type, None when nothing does."""
    if media_type in READERS:
        return READERS[media_type]
    return "pictures:read" if media_type in PICTURES else None


def is_drawn(media_type: str) -> bool:
    """Whether there can be a picture of it."""
    return media_type == "application/pdf" or media_type in PICTURES

"""A text as a QR code (ISO/IEC 18004), drawn as one path of squares for an SVG picture."""

from reportlab.graphics.barcode.qr import QrCodeWidget

from core.records import dataclass

MARGIN = 4  # modules of quiet zone, as the standard asks


@dataclass(frozen=True, slots=True)
class QrCode:
    """A square of `size` modules to each side, the margin included; `path` is what an SVG path draws."""

    size: int
    path: str


def qr_code(text: str) -> QrCode:
    """The code with error correction M."""
    drawn = QrCodeWidget(text, barLevel="M").qr
    drawn.make()
    count = drawn.getModuleCount()
    dark = [(x, y) for y in range(count) for x in range(count) if drawn.isDark(y, x)]
    path = "".join(f"M{x + MARGIN} {y + MARGIN}h1v1h-1z" for x, y in dark)
    return QrCode(count + 2 * MARGIN, path)

"""`python -m tests.e2e.picture`: the README's picture, cut from a screenshot of the suite, in few colours."""

from PIL import Image

from tests.e2e.house import ROOT

SOURCE = ROOT / "build" / "screenshots" / "desktop" / "editor-order-contacts.png"
TARGET = ROOT / "docs" / "images" / "mapping.png"
BELOW_THE_MENU = (0, 50, 1280, 895)
COLOURS = 48


def main():
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(SOURCE) as shot:
        cut = shot.convert("RGB").crop((*BELOW_THE_MENU[:3], min(BELOW_THE_MENU[3], shot.height)))
        cut.quantize(COLOURS, dither=Image.Dither.NONE).save(TARGET, optimize=True)
    print(f"{TARGET.relative_to(ROOT)}: {TARGET.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()

"""What a process package is: a folder with diagrams, decisions, forms, templates and scenarios."""

from pathlib import Path

from core.records import dataclass

DEPLOYED = ("*.bpmn", "*.dmn", "forms/*.form", "*.form")
SCENARIOS = "*.scenario.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A process that ships with the product; `key` is the id of its process and the name of its folder."""

    key: str
    title: str
    folder: Path

    def files(self) -> list[Path]:
        """What is deployed together: diagrams, decisions and forms, in a stable order."""
        return sorted({path for pattern in DEPLOYED for path in self.folder.glob(pattern)})

    def scenarios(self) -> list[Path]:
        """The tests of the process."""
        return sorted(self.folder.glob(SCENARIOS))

    def template(self, name: str) -> bytes:
        """A template of the package's papers."""
        return (self.folder / "templates" / name).read_bytes()

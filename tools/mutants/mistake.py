"""How a mistake of the catalogue is described: sentence, file, object, what is done there, who names it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from canary_conformance.report.run_record import Tier
from canary_conformance.scenario.manifests import Concern
from canary_conformance.scenario.places import Place
from tools.mutants.edit_sites import Source
from tools.mutants.edits import Edit, Path, YamlText
from tools.mutants.mutant import Mutant, short_file


@dataclass(frozen=True, slots=True)
class Step:
    """Where in an object something is done, and the edits that do it."""

    path: Path
    edits: Callable[[YamlText, int], Iterable[Edit]]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake that people make.

    `name` is a sentence that says what is wrong, `file` the short name ("istio/step-3", "scenario"), `ref`
    the object ("Service/voting-app"), "" in scenario.yaml, which is none. `ids` are the requirements that
    name it, "" where it does not differ from what it should be. live: a cluster has to judge it.
    """

    name: str
    file: str
    ref: str
    steps: tuple[Step, ...]
    ids: str
    live: bool = False

    def mutant(self, sources: Iterable[Source]) -> Mutant:
        """Make the mistake. Raises LookupError or EditImpossible where the files have no such place."""
        source = next((one for one in sources if short_file(one.file) == self.file), None)
        if source is None:
            raise LookupError(f"{self.name}: there is no file {self.file}")
        document = source.document(self.ref) if self.ref else 0
        edits = [edit for step in self.steps for edit in step.edits(source.yaml, document)]
        line = source.yaml.line(document, self.steps[0].path)
        return Mutant(
            name=self.name,
            file=source.file,
            original=source.raw,
            content=source.yaml.apply(edits).encode("utf-8"),
            operator="catalogue",
            place=Place(source.file, line),
            expected=frozenset(self.ids.split()),
            decided=Tier.LIVE if self.live else Tier.STATIC,
        )


@dataclass(frozen=True, slots=True)
class Breakage:
    """What a row of the catalogue does, and what that breaks; the fields are a Mistake's."""

    ids: str
    steps: tuple[Step, ...]
    live: bool = False


Catalogue = Mapping[str, Mapping[str, Breakage]]
"""What is done by its sentence, by file and object: "kubernetes/step-1 Service/voting-app", or "scenario"."""


def breaks(ids: str, *steps: Step) -> Breakage:
    """Return a row that the manifests alone decide."""
    return Breakage(ids, steps)


def breaks_live(ids: str, *steps: Step) -> Breakage:
    """Return a row that a cluster has to judge."""
    return Breakage(ids, steps, live=True)


def mistakes(catalogue: Catalogue) -> Iterator[Mistake]:
    """Yield the mistakes of a catalogue."""
    for where, rows in catalogue.items():
        file, _, ref = where.partition(" ")
        for name, one in rows.items():
            yield Mistake(name, file, ref, one.steps, one.ids, one.live)


def to(path: str, source: str) -> Step:
    """Replace a value by another one on one line, written as it shall stand there."""
    return _edited(YamlText.replace, path, source)


def under(path: str, source: str) -> Step:
    """Replace what a key holds by YAML of one or more lines."""
    return _edited(YamlText.replace_by_block, path, source)


def becomes(path: str, source: str) -> Step:
    """Replace a key with its value, or an item with its dash, by YAML of one or more lines."""
    return _edited(YamlText.rewrite, path, source)


def without(path: str) -> Step:
    """Leave out a key or an item."""
    at = _path(path)
    return Step(at, lambda yaml, number: [yaml.drop(number, at)])


def renamed(path: str, key: str) -> Step:
    """Give a key another name."""
    return _edited(YamlText.rename, path, key)


def after(path: str, source: str) -> Step:
    """Insert a key or an item after another one."""
    return _edited(YamlText.insert_after, path, source)


def before(path: str, source: str) -> Step:
    """Insert a key or an item before another one."""
    return _edited(YamlText.insert_before, path, source)


def swapped(path: str, other: str) -> Step:
    """Let two entries of one collection change places."""
    at = _path(path)
    return Step(at, lambda yaml, number: yaml.swap(number, at, _path(other)))


def followed_by(source: str) -> Step:
    """Add an object after this one."""
    return Step((), lambda yaml, number: [yaml.add_document(number, source)])


def documents_swapped(other: int) -> Step:
    """Let the object change places with the object of that number in the file, counted from 0."""
    return Step((), lambda yaml, number: yaml.swap_documents(number, other))


def text(old: str, new: str) -> Step:
    """Replace a text, wherever the file has it first, for what is wrong with YAML itself."""

    def edits(yaml: YamlText, number: int) -> Iterable[Edit]:
        start = yaml.text.index(old, int(yaml.documents[number].start_mark.index))
        return [Edit(start, start + len(old), new)]

    return Step((), edits)


def cut_after(old: str) -> Step:
    """Let the file end after a text."""

    def edits(yaml: YamlText, number: int) -> Iterable[Edit]:
        start = yaml.text.index(old, int(yaml.documents[number].start_mark.index))
        return [Edit(start + len(old), len(yaml.text), "")]

    return Step((), edits)


def _edited(edit: Callable[[YamlText, int, Path, str], Edit], path: str, source: str) -> Step:
    at = _path(path)
    return Step(at, lambda yaml, number: [edit(yaml, number, at, source)])


def _path(path: str) -> Path:
    return Concern.parse(f"Any/any:{path}").path

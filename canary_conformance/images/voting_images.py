"""The images of the sample application, the same Dockerfiles whether their base was pulled or built here."""

from __future__ import annotations

from canary_conformance.images.go_recipes import GoPrograms
from canary_conformance.images.recipes import Bootstrapped, Built, Pulled
from canary_conformance.paths import IMAGES

VOTING = IMAGES / "voting"
PROGRAMS = GoPrograms("voting", VOTING / "go", target="./cmd/...", tested=True)


def voting_images(
    base: Bootstrapped | Pulled, *, mysql: Pulled | None = None
) -> tuple[tuple[Built | Pulled, str], ...]:
    """Return each image of the application and the name by which the manifests call it.

    base: a Debian with apt, for the stores; app and analytics are a program each and nothing else. mysql: an
    official MySQL image in place of Debian's MariaDB.
    """
    built: list[tuple[Built | Pulled, str]] = []
    for component, versions in (("app", ("1.0", "2.0")), ("analytics", ("1.0", "1.1", "2.0"))):
        program = ((PROGRAMS, component, f"bin/{component}"),)
        for version in versions:
            image = Built(
                f"voting-{component}-{version}",
                VOTING / component,
                files=program,
                arguments={"VERSION": version},
            )
            built.append((image, f"localhost/voting-{component}:{version}"))
    redis = Built("voting-storage-1.0", VOTING / "storage/redis", base)
    storage = mysql or Built("voting-storage-2.0", VOTING / "storage/mysql", base)
    return (*built, (redis, "localhost/voting-storage:1.0"), (storage, "localhost/voting-storage:2.0"))

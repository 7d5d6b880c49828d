from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    age: int


@dataclass(frozen=True, slots=True)
class Plain:
    text: str


@dataclass(frozen=True, slots=True)
class Warm:
    text: str
    hearts: int


type Greeting = Plain | Warm

MOST_HEARTS: int = 3


def mochi__greet(name: str) -> str:
    return "Hello, " + name + "!"


def mochi__greet_person(person: Person, hearts: int) -> Greeting:
    if hearts > 0:
        return Warm(text=mochi__greet(person.name), hearts=min([hearts, MOST_HEARTS]))
    return Plain(text=mochi__greet(person.name))


def mochi__greet_all(names: list[str]) -> list[str]:
    return [mochi__greet(name) for name in names]


def main() -> None:
    pass

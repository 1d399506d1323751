"""A settings field whose class is chosen by its ``kind``, from whatever is registered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema


@dataclass(frozen=True, slots=True)
class OneOf:
    """Annotation: ``controller: Annotated[Settings, OneOf("controllers")]``.

    Attributes:
        group: Registry group whose components are admitted.
        tag: Field that names the kind.
        family: Only components for this scenario family; None admits all.
    """

    group: str
    tag: str = "kind"
    family: str | None = None

    def kinds(self) -> tuple[str, ...]:
        """Names of the admitted components."""
        from hiera import registry

        return registry.names_for(self.group, self.family)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """A discriminated union over the registered components' settings."""
        from hiera import registry

        choices: dict[Any, core_schema.CoreSchema] = {
            name: handler.generate_schema(registry.component(self.group, name).settings)
            for name in self.kinds()
        }
        return core_schema.tagged_union_schema(
            choices=choices,
            discriminator=self.tag,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: value.model_dump(mode="json")
            ),
        )

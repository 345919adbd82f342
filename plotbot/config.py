"""Settings: command line > environment `PLOTBOT_*` > ./plotbot.toml > user file > default.

The command line is applied by the commands themselves; `load_settings` merges the rest, so that one
place knows where a value came from (`plotbot config show`).
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from plotbot.errors import BadInput
from plotbot.files import user_config_folder
from plotbot.paper import parse_length, parse_paper

__all__ = ["PROJECT_FILE", "Settings", "load_settings", "user_file"]

PROJECT_FILE = Path("plotbot.toml")
MAX_FILE_BYTES = 1_000_000


class Settings(BaseSettings):
    """What a person sets once instead of typing it every time."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="PLOTBOT_")

    pens: str = Field("staedtler12", description="inventory, by name or path")
    paper: str = Field("a5", description="a4, letter, … or 210x297mm")
    landscape: bool = Field(False, description="turn the sheet")
    margin: str = Field("12mm", description="kept empty on all sides")
    machine: str = Field("auto", description="machine profile, by name or path; auto: the one connected")
    port: str | None = Field(None, description="serial port of the plotter")
    network: str = Field("embedded", description="network to excite")
    jobs: Path = Field(Path("jobs"), description="folder for new jobs")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        *args: PydanticBaseSettingsSource,
        **kwargs: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment first, then the project's file, then the person's own."""
        return (EnvSettingsSource(settings_cls), _file_source(PROJECT_FILE), _file_source(user_file()))

    @field_validator("paper")
    @classmethod
    def _paper_is_known(cls, value: str) -> str:
        parse_paper(value)
        return value

    @field_validator("margin")
    @classmethod
    def _margin_is_a_length(cls, value: str) -> str:
        parse_length(value, "margin")
        return value


def user_file() -> Path:
    """This person's settings file; it need not exist."""
    return user_config_folder() / "plotbot.toml"


def load_settings() -> tuple[Settings, dict[str, str]]:
    """Merge all sources below the command line.

    Returns the settings, and for each field where its value came from. Raises `BadInput` naming the
    file or variable and the field.
    """
    files = (user_file(), PROJECT_FILE)
    sources: list[tuple[str, PydanticBaseSettingsSource]] = [
        (str(path), _file_source(path)) for path in files
    ]
    sources.append(("environment", EnvSettingsSource(Settings)))
    origin = dict.fromkeys(Settings.model_fields, "default")
    for name, source in sources:
        origin.update(dict.fromkeys(source(), name))
    try:
        return Settings(), origin
    except BadInput as error:
        raise BadInput(f"Settings: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        if key not in Settings.model_fields:
            known = ", ".join(Settings.model_fields)
            raise BadInput(
                f"{origin.get(key, 'Settings')}: there is no setting {key!r}; known are {known}."
            ) from error
        raise BadInput(
            f"{origin[key]}: {key} = {first['input']!r} cannot be used: {first['msg']}."
        ) from error


def _file_source(path: Path) -> TomlConfigSettingsSource:
    """The settings in a TOML file, none where there is no file; raises `BadInput` when it is broken."""
    try:
        if path.exists() and path.stat().st_size > MAX_FILE_BYTES:
            raise BadInput(f"{path} is larger than {MAX_FILE_BYTES // 1_000_000} MB; it is no settings file.")
        return TomlConfigSettingsSource(Settings, path)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is no valid TOML: {error}.") from error

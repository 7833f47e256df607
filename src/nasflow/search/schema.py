"""The tables of a study's file, and how older ones are brought up to date."""

from __future__ import annotations

VERSION = 3

SETTINGS = """
CREATE TABLE settings (
    version INTEGER NOT NULL, about TEXT NOT NULL, about_version INTEGER NOT NULL
)
"""
TRIALS = """
CREATE TABLE trials (
    number INTEGER PRIMARY KEY,
    architecture TEXT NOT NULL,
    canonical_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'asked', 'done', 'failed', 'forgotten')),
    origin TEXT NOT NULL,
    value REAL, second REAL, predicted REAL, deviation REAL, reason TEXT,
    starts INTEGER NOT NULL DEFAULT 0, started_at REAL, ended_at REAL,
    owner TEXT, heartbeat REAL,
    former TEXT NOT NULL DEFAULT '[]', repeats TEXT NOT NULL DEFAULT '[]',
    interruptions INTEGER NOT NULL DEFAULT 0
)
"""
NO_TWINS = """
CREATE UNIQUE INDEX no_twins ON trials (canonical_id) WHERE state <> 'forgotten'
"""
# before version 3 nothing could be forgotten, corrected or repeated
_OLD_COLUMNS = """
number, architecture, canonical_id, state, origin, value, second, predicted, deviation, reason,
starts, started_at, ended_at, owner, heartbeat
"""
FROM_VERSION_2 = (
    "ALTER TABLE trials RENAME TO former_trials",
    TRIALS,
    f"INSERT INTO trials ({_OLD_COLUMNS}) SELECT {_OLD_COLUMNS} FROM former_trials",
    "DROP TABLE former_trials",
    NO_TWINS,
    "ALTER TABLE settings ADD COLUMN about_version INTEGER NOT NULL DEFAULT 0",
    f"UPDATE settings SET about_version = version, version = {VERSION}",
)
FIELDS = (
    "number",
    "architecture",
    "canonical_id",
    "state",
    "origin",
    "value",
    "second",
    "predicted",
    "deviation",
    "reason",
    "starts",
    "started_at",
    "ended_at",
    "former",
    "repeats",
    "interruptions",
)
# a version that does not know the column leaves it as it is, so the format's number stays
ADD_INTERRUPTIONS = "ALTER TABLE trials ADD COLUMN interruptions INTEGER NOT NULL DEFAULT 0"

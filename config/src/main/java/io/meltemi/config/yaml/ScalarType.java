package io.meltemi.config.yaml;

/** What a scalar is by its form: quoted ones are strings, plain ones are read as in YAML 1.1. */
public enum ScalarType {
  STRING,
  BOOLEAN,
  INTEGER,
  FLOAT,
  NULL
}

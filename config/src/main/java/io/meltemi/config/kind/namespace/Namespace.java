package io.meltemi.config.kind.namespace;

/** A namespace; all it says stands in its metadata. */
public record Namespace() {}

package io.meltemi.config.kind.serviceaccount;

/** A service account; all it says stands in its metadata. */
public record ServiceAccount() {}

package io.meltemi.config.kind.ingress;

/** A kind of ingress and who serves it. */
public record IngressClass(String controller) {}

package io.meltemi.config.kind.gatewayapi;

import java.util.OptionalInt;

/**
 * A target of traffic.
 *
 * @param ref group and kind default to the core Service
 * @param port unset only for kinds that have no ports
 */
public record BackendRef(ObjectRef ref, OptionalInt port) {}

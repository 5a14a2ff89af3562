package io.meltemi.config.kind.gatewayapi;

import java.util.Optional;

/**
 * What a policy is attached to, in its own namespace.
 *
 * @param sectionName the name of a port of a Service
 */
public record PolicyTarget(String group, String kind, String name, Optional<String> sectionName) {}

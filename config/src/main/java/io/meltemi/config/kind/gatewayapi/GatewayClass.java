package io.meltemi.config.kind.gatewayapi;

import java.util.Optional;

/** A kind of gateway and who serves it. */
public record GatewayClass(
    String controllerName, Optional<ObjectRef> parametersRef, String description) {}

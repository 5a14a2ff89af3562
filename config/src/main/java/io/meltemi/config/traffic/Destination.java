package io.meltemi.config.traffic;

import java.util.OptionalInt;

/**
 * A service to send traffic to.
 *
 * @param host as written; a short name is completed by the reader of the resource
 * @param subset empty for all endpoints
 * @param port service port; unset means the only port, or else the port asked for
 */
public record Destination(String host, String subset, OptionalInt port) {}

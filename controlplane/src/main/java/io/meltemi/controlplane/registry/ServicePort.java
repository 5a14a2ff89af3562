package io.meltemi.controlplane.registry;

import io.meltemi.config.traffic.Protocol;

/**
 * A port of a service.
 *
 * @param name unique within the service; empty for the only port of a service without names
 * @param number the port clients use, 1 to 65535
 * @param protocol what is spoken on it
 */
public record ServicePort(String name, int number, Protocol protocol) {}

package io.meltemi.config.traffic;

import java.util.OptionalInt;

/**
 * A port of a Gateway, Sidecar or ServiceEntry.
 *
 * @param number 1 to 65535; 0 only for unix sockets
 * @param name may be empty where Istio allows
 * @param targetPort ServiceEntry only; unset means the number
 */
public record Port(int number, Protocol protocol, String name, OptionalInt targetPort) {}

/**
 * Simulated sidecars that load a control plane: many delta streams, each with a connection of its
 * own, that ask as Envoy does, acknowledge everything and remember of each resource a hash of its
 * bytes. A program of its own, so that its processor time is not that of the server it measures. A
 * sidecar belongs to one event loop and is touched by no other thread.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.bench.swarm;

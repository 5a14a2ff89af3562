/**
 * The proxy's side of the protocol: one aggregated stream that survives its server. All state
 * belongs to the loop given by the caller; gRPC threads only hand messages over to it.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.xds.client;

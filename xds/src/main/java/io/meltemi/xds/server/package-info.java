/**
 * The control plane's side of the protocol: streams, subscriptions, versions that each stream
 * holds. All state belongs to the loop given by the caller; gRPC threads only hand messages over.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.xds.server;

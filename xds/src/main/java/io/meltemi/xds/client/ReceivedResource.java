package io.meltemi.xds.client;

import com.google.protobuf.Any;

/**
 * A resource as it came from the server.
 *
 * @param name unique in its type
 * @param version as the server calls it (delta), or the hash of its content (state of the world)
 * @param body not yet decoded; its type URL is the subscribed one
 */
public record ReceivedResource(String name, String version, Any body) {}

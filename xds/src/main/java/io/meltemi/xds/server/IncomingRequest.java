package io.meltemi.xds.server;

import io.envoyproxy.envoy.config.core.v3.Node;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A request in the form that both variants share.
 *
 * @param error of a NACK
 * @param names wanted from now on: all of them (state of the world) or more of them (delta)
 * @param unwanted names no longer wanted (delta)
 * @param initialVersions what a delta client has from an earlier stream
 */
record IncomingRequest(
    Node node,
    String typeUrl,
    String nonce,
    Optional<String> error,
    List<String> names,
    List<String> unwanted,
    Map<String, String> initialVersions) {}

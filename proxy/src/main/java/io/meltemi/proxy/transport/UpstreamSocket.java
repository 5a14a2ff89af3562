package io.meltemi.proxy.transport;

import java.util.Optional;

/**
 * One transport socket towards hosts. Any thread.
 *
 * @param tls empty for plain text
 * @param header what the connection begins with, before any handshake; empty for nothing
 */
public record UpstreamSocket(Optional<UpstreamTransport> tls, Optional<ProxyHeader> header) {
  public static final UpstreamSocket RAW = new UpstreamSocket(Optional.empty(), Optional.empty());
}

package io.meltemi.proxy.transport.internal;

import io.meltemi.proxy.telemetry.FilterState;
import java.util.Map;

/**
 * What a connection inside the proxy brings along.
 *
 * @param state that filters of the stream behind it left
 * @param tunnel fields of {@code envoy.filters.listener.original_dst} of the host it is for, such
 *     as {@code local}; empty for none
 */
public record Passed(FilterState state, Map<String, Object> tunnel) {
  /** Nothing. */
  public static final Passed NOTHING = new Passed(FilterState.NONE, Map.of());

  public Passed {
    tunnel = Map.copyOf(tunnel);
  }
}
